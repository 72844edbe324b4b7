"""The gradebook, and what counts of it. PostgreSQL passes the same tests: tests/integration."""

import multiprocessing
from datetime import UTC, datetime

import pytest
from courseware.hub_settings import Grading
from labhub.grader.gradebook import Gradebook, Submission
from labhub.grader.grades import Grade, grades
from labhub.grader.tables import Base, CheckResult, Outcome
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

CHECKS, IMAGE = "c" * 64, "sha256:" + "1" * 64
NOW = {"intro": (CHECKS, IMAGE)}


def submission(key, participant="p01", exercise="one", tutorial="intro", source="rate = 1"):
    return Submission(participant, tutorial, exercise, {"cell-1": source}, key)


def outcome(job, points=1.0, **otherwise):
    usual = {"graded": 5.0, "checks": CHECKS, "image": IMAGE, "seed": 7, "maximum": 2.0,
             "failed": "", "broken": ""}  # fmt: skip
    return Outcome(job_id=job, points=points, **usual | otherwise)


def check(job, number=1, message=""):
    return CheckResult(job_id=job, number=number, check=f"test {number}", points=1, maximum=1,
                       message=message, hint="")  # fmt: skip


def grade(book, attempt, points=1.0, **otherwise):
    """Give an attempt's waiting job an outcome."""
    [job] = [each.job for each in book.waiting() if each.attempt == attempt]
    assert book.record(outcome(job, points, **otherwise))
    return job


def attempts(book, *tries, participant="p01"):
    """Attempts at the exercise `one`, each a pair of when it came and its points."""
    for at, points in tries:
        grade(book, book.add(submission(f"{at}", participant), at), points)


def counted(book, **policy):
    """The points of p01 for the exercise `one` by a policy."""
    return grades(book, Grading(**policy))["p01", "intro", "one"].points


# What the processes of `at_once` do, each with a gradebook of its own.
def _open(url, start):
    start.wait()
    return Gradebook(url).waiting()


def _add(url, start):
    book = Gradebook(url)
    start.wait()
    return [book.add(submission(f"key {n}", source=f"x = {n}"), n) for n in range(20)]


def _record(url, start):
    book = Gradebook(url)
    start.wait()
    return [book.record(outcome(job), [check(job)]) for job in range(1, 31)]


def _send(work, url, start, answers):
    try:
        answers.put(work(url, start))
    except Exception as error:
        answers.put(repr(error))


def at_once(work, url, processes=2):
    """What several processes answer that do the same at the same time."""
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(processes), context.SimpleQueue()
    running = [
        context.Process(target=_send, args=(work, url, start, answers)) for _ in range(processes)
    ]
    for process in running:
        process.start()
    found = [answers.get() for _ in running]
    for process in running:
        process.join()
    return found


class TestGradebook:
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/grades.sqlite"

    @pytest.fixture
    def book(self, url):
        book = Gradebook(url)
        yield book
        book.engine.dispose()

    def test_what_is_submitted_is_kept_and_waits(self, book):
        cells = {"setup": "import nest", "cell-1": "name = '王 <\\n\\'&\">'"}
        number = book.add(Submission("p01", "intro", "one", cells, "k1"), 3.5)
        assert book.sources(number) == cells
        assert book.with_key("p01", "k1") == number
        found = book.attempt(number, "p01")
        assert (found.participant, found.exercise, found.received) == ("p01", "one", 3.5)
        [waiting] = book.waiting()
        assert (waiting.attempt, waiting.participant, waiting.again) == (number, "p01", False)
        assert book.outcome(number) == (None, [])

    def test_nobody_finds_an_attempt_of_somebody_else(self, book):
        number = book.add(submission("k1"), 1)
        assert book.attempt(number, "p02") is None
        assert book.with_key("p02", "k1") is None
        assert book.add(submission("k1", "p02"), 2) != number

    def test_the_same_key_never_counts_twice(self, book):
        number = book.add(submission("k1"), 1)
        assert book.add(submission("k1", source="rate = 2"), 2) == number
        assert book.sources(number) == {"cell-1": "rate = 1"}
        assert len(book.waiting()) == 1

    def test_jobs_wait_in_the_order_of_asking(self, book):
        numbers = [book.add(submission(f"{n}"), n) for n in range(3)]
        assert [each.attempt for each in book.waiting()] == numbers
        grade(book, numbers[0])
        rest = book.waiting()
        assert [each.attempt for each in rest] == numbers[1:]
        assert book.waiting(after=rest[0].job) == rest[1:]

    def test_an_outcome_is_kept_with_its_checks_and_only_once(self, book):
        number = book.add(submission("k1"), 1)
        [waiting] = book.waiting()
        checks = [check(waiting.job, number, "Ω?") for number in (2, 1)]
        assert book.record(outcome(waiting.job, 1), checks)
        assert not book.record(outcome(waiting.job, 2))
        found, results = book.outcome(number)
        assert found.points == 1
        assert [(each.check, each.message) for each in results] == [
            ("test 1", "Ω?"),
            ("test 2", "Ω?"),
        ]
        assert book.waiting() == []

    def test_attempts_at_an_exercise_are_counted(self, book):
        first = book.add(submission("k1"), 1)
        book.add(submission("k2", exercise="two"), 2)
        book.add(submission("k3", "p02"), 3)
        third = book.add(submission("k4"), 4)
        assert [book.number(book.attempt(n, "p01")) for n in (first, third)] == [1, 2]
        assert book.recent("p01", since=1) == [2, 4]

    @pytest.mark.parametrize("table", sorted(Base.metadata.tables))
    @pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
    def test_the_database_refuses_to_change_what_was_found(self, book, table, change):
        number = book.add(submission("k1"), 1)
        [waiting] = book.waiting()
        assert book.record(outcome(waiting.job), [check(waiting.job)])
        column = next(iter(Base.metadata.tables[table].primary_key)).name
        refused = pytest.raises(DBAPIError, match="only ever added to")
        with refused, book.engine.begin() as connection:
            connection.execute(text(change.format(table, column)))
        assert book.outcome(number)[0].points == 1

    def test_what_is_outdated_or_broken_is_graded_again_and_only_once(self, book):
        fine, other, broken, gone, open_ = (
            book.add(submission(f"{n}", tutorial="gone" if n == 3 else "intro"), n)
            for n in range(5)
        )
        grade(book, fine)
        grade(book, other, checks="d" * 64)
        grade(book, broken, broken="no memory")
        grade(book, gone, image="sha256:0")
        assert book.grade_again(9, NOW) == 2
        assert [(each.attempt, each.again) for each in book.waiting()] == [
            (open_, False), (other, True), (broken, True),
        ]  # fmt: skip
        assert book.grade_again(10, NOW) == 0

    def test_the_best_attempt_counts_or_the_last(self, book):
        attempts(book, (1, 0.5), (2, 2.0), (3, 1.0))
        assert counted(book) == 2
        assert counted(book, counts="last") == 1

    def test_from_the_deadline_on_attempts_do_not_count(self, book):
        attempts(book, (999.9, 1.0), (1000.0, 2.0))
        for counts in ("best", "last"):
            deadline = datetime.fromtimestamp(1000, UTC)
            assert counted(book, counts=counts, deadline=deadline) == 1
            assert counted(book, counts=counts) == 2

    def test_who_was_too_late_has_attempts_that_do_not_count(self, book):
        attempts(book, (1000.0, 2.0))
        policy = Grading(deadline=datetime.fromtimestamp(1000, UTC))
        assert grades(book, policy) == {("p01", "intro", "one"): Grade(attempts=1)}

    def test_an_attempt_counts_as_it_was_graded_last(self, book):
        attempts(book, (1, 2.0))
        assert book.grade_again(2, {"intro": ("e" * 64, IMAGE)}) == 1
        assert counted(book) == 2  # until it is graded again
        grade(book, 1, 0.5)
        assert counted(book) == 0.5

    def test_what_could_not_be_graded_does_not_count(self, book):
        attempts(book, (1, 1.0))
        number = book.add(submission("k2"), 2)
        assert grades(book, Grading())["p01", "intro", "one"] == Grade(1, 2, 1, 2, waiting=1)
        grade(book, number, 0, broken="no memory")
        for counts in ("best", "last"):
            found = grades(book, Grading(counts=counts))["p01", "intro", "one"]
            assert found == Grade(1, 2, 1, attempts=2, waiting=0)

    def test_everybody_has_grades_of_their_own(self, book):
        attempts(book, (1, 1.0))
        attempts(book, (2, 2.0), participant="p02")
        assert {key[0]: each.points for key, each in grades(book, Grading()).items()} == {
            "p01": 1, "p02": 2,
        }  # fmt: skip
        assert list(grades(book, Grading(), "p02")) == [("p02", "intro", "one")]
        assert grades(book, Grading(), "p03") == {}

    def test_programs_may_open_an_empty_database_at_the_same_moment(self, url):
        assert at_once(_open, url, processes=4) == [[]] * 4

    def test_a_key_sent_to_several_programs_at_once_counts_once(self, book, url):
        first, *others = at_once(_add, url, processes=4)
        assert others == [first] * 3
        assert len(set(first)) == 20
        assert sorted(each.attempt for each in book.waiting()) == sorted(first)
        assert book.sources(first[7]) == {"cell-1": "x = 7"}

    def test_of_several_outcomes_of_a_job_exactly_one_is_kept(self, book, url):
        for n in range(30):
            book.add(submission(f"key {n}"), n)
        first, second = at_once(_record, url)
        assert [a + b for a, b in zip(first, second, strict=True)] == [1] * 30
        assert book.waiting() == []
        assert all(len(book.outcome(n)[1]) == 1 for n in range(1, 31))
