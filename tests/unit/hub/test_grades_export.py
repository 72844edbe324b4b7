"""What organisers get in a folder, and the wish to have it graded again."""

import csv
import itertools
import json
import subprocess
import sys

import nbformat
import pytest
from courseware.hub_settings import Certificate, Grading
from labhub.grader.export import export
from labhub.grader.gradebook import Gradebook, Submission
from labhub.grader.tables import Outcome
from nbformat.v4 import new_code_cell, new_notebook

CHECKS = '@exercise("one", points=2)\ndef test_one(lab):\n    pass\n'
CERTIFICATE = Certificate(
    language="en", heading="Certificate", phrase="took part in", title="A course", subtitle="",
    event="", dates="", place="", text=[], signed=[],
)  # fmt: skip


def make_release(folder, image):
    """A release with one exercise of two points."""
    for name in ("student", "checks"):
        (folder / "notebooks" / name).mkdir(parents=True)
    metadata = {"tags": ["exercise"], "syllab": {"exercise": "one"}}
    cell = new_code_cell("one = None", id="one-exercise", metadata=metadata)
    nbformat.write(new_notebook(cells=[cell]), folder / "notebooks" / "student" / "intro.ipynb")
    (folder / "notebooks" / "checks" / "test_intro.py").write_text(CHECKS)
    manifest = {"image": {"id": image}, "tutorials": ["intro"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def graded(settings, tmp_path):
    """The settings with a release that can be graded, and certificates for everybody."""
    make_release(tmp_path / "graded", settings.image)
    policy = Grading(certificate=CERTIFICATE)
    return settings.model_copy(update={"release": tmp_path / "graded", "grading": policy})


@pytest.fixture
def submit(graded):
    """Puts an attempt into the gradebook, with its points unless it waits."""
    times = itertools.count(1)

    def submit(participant, points=None, maximum=2):
        book, now = Gradebook(graded.grader.database), next(times)
        attempt = book.add(Submission(participant, "intro", "one", {}, f"key {now}"), now)
        if points is not None:
            [job] = [each.job for each in book.waiting() if each.attempt == attempt]
            assert book.record(
                Outcome(job_id=job, graded=now, checks="0" * 64, image=graded.image, seed=1,
                        points=points, maximum=maximum, failed="", broken="")
            )  # fmt: skip

    return submit


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_grades_and_certificates_are_for_their_owner_only(graded, submit, tmp_path):
    submit("p01", 1.5)
    submit("p02")
    told = export(graded, tmp_path / "var" / "grades")
    assert told == (
        "Participants: 2, of whom 2 attempted an exercise. Their mean is 0.8 of 2 points."
        " Submissions without a result yet: 1; repeat this when they have one.\n"
        "Certificates: 2."
    )
    folder = tmp_path / "var" / "grades"
    assert files(folder) == [
        "certificates", "certificates/p01.pdf", "certificates/p02.pdf", "grades.csv"
    ]  # fmt: skip
    modes = {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert modes == {0o700, 0o600}
    with (folder / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [line[:3] for line in csv.reader(file)] == [
            ["username", "name", "total (of 2)"],
            ["p01", "Name of p01", "1.5"],
            ["p02", "Name of p02", "0"],
        ]


def test_nobody_has_done_anything(graded, tmp_path):
    told = export(graded, tmp_path / "grades")
    assert told == "Participants: 2, of whom 0 attempted an exercise.\nCertificates: 0."
    assert files(tmp_path / "grades") == ["certificates", "grades.csv"]


def test_what_holds_no_more_goes_and_other_files_stay(graded, submit, tmp_path):
    submit("p01", 2)
    export(graded, tmp_path / "grades")
    (tmp_path / "grades" / "notes.txt").touch()
    half = CERTIFICATE.model_copy(update={"share": 50})
    submit("p02", 2)
    policy = Grading(certificate=half, counts="last")
    submit("p01", 0)
    export(graded.model_copy(update={"grading": policy}), tmp_path / "grades")
    assert files(tmp_path / "grades") == [
        "certificates", "certificates/p02.pdf", "grades.csv", "notes.txt"
    ]  # fmt: skip
    export(graded.model_copy(update={"grading": Grading()}), tmp_path / "grades")
    assert files(tmp_path / "grades") == ["grades.csv", "notes.txt"]


def test_a_name_that_no_font_can_write_is_told_and_the_others_have_theirs(graded, submit, tmp_path):
    accounts = json.loads(graded.users.read_text())
    accounts["p01"]["name"] = "\U0010fffd"
    graded.users.write_text(json.dumps(accounts))
    submit("p01", 2)
    submit("p02", 2)
    told = export(graded, tmp_path / "grades").split("\n")
    assert told[1] == "Certificates: 1."
    assert told[2].startswith("No certificate for p01: \U0010fffd: no font")
    assert files(tmp_path / "grades") == ["certificates", "certificates/p02.pdf", "grades.csv"]


def test_results_of_other_checks_are_told_of(graded, submit, tmp_path):
    submit("p01", 4, maximum=5)
    told = export(graded, tmp_path / "grades")
    assert "Results with another maximum than the checks give now: 1; run make regrade." in told


def run(module, graded, tmp_path, *arguments):
    graded.write(tmp_path / "hub.json")
    return subprocess.run(
        [sys.executable, "-m", f"labhub.grader.{module}", tmp_path / "hub.json", *arguments],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_outdated_results_are_graded_again(graded, submit, tmp_path):
    submit("p01", 1)
    submit("p02", 1)
    done = run("regrade", graded, tmp_path)
    assert done.stdout.startswith("Attempts to grade again: 2. The grader does it now")
    waiting = Gradebook(graded.grader.database).waiting()
    assert [each.again for each in waiting] == [True, True]
    done = run("regrade", graded, tmp_path)
    assert done.stdout.startswith("Nothing to grade again")


def test_the_command_writes_the_folder_and_says_so(graded, submit, tmp_path):
    submit("p01", 1)
    done = run("export", graded, tmp_path, tmp_path / "grades")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Certificates: 1." in done.stdout
    assert (tmp_path / "grades" / "grades.csv").exists()


@pytest.mark.parametrize(("module", "folders"), [("export", ["grades"]), ("regrade", [])])
def test_without_a_database_the_reason_is_said(graded, tmp_path, module, folders):
    (tmp_path / "grades.sqlite").mkdir()
    done = run(module, graded, tmp_path, *(tmp_path / name for name in folders))
    assert done.returncode == 1
    assert done.stderr.startswith("The gradebook can't be used: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "grades").exists()
