"""Nobody gets a point, a secret or a neighbour's time by what they put into an exercise's cell."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import docker
import psutil
import pytest
from attack import sources, told
from attack.conftest import Attempt
from grader_client import service_pid, solution

ATTACKS = sources.files("attacks") | sources.HOSTILE
HONEST, HONEST_EACH = "helga", 8  # attacks; then somebody honest submits again
NOBODY = 65534
CALM = 300  # seconds for the last container to be removed and the pool to be full again
# An attack that fails like this doesn't try what it is meant to.
MISTAKE = re.compile("(Attribute|Name|Type|Key|Index|Unbound.*|Import)Error: ")


@pytest.fixture(scope="module")
def attempts(crowd, pid, graded) -> dict[str, Future[Attempt]]:
    """What came of each attack; participants attack side by side."""
    return graded([crowd[name] for name in crowd if name != HONEST], ATTACKS)


@pytest.fixture(scope="module")
def honest(running_course, crowd, attempts) -> Iterator[Future[list[Attempt]]]:
    """What came of a right solution that somebody submits over and over during the attacks."""

    def submit() -> list[Attempt]:
        own, found = solution(running_course, "rheobase"), []
        for attack in list(attempts.values())[::HONEST_EACH]:
            found.append(crowd[HONEST].grade("rheobase", own))
            wait([attack])
        return found

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(submit)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_nothing(running_course, attempts, honest, name):
    attempt = attempts[name].result()
    assert attempt["state"] == "graded", attempt
    assert attempt["points"] == 0
    assert sum(check["points"] for check in attempt["checks"]) == 0
    assert not MISTAKE.match(attempt["failed"]), "the attack has a mistake"
    exercise = sources.exercise(name)
    if not attempt["failed"]:  # each check was run, and none vanished
        assert sum(check["maximum"] for check in attempt["checks"]) == attempt["maximum"]
    checks = running_course.course / "checks" / "test_introduction.py"
    right = "\n".join(solution(running_course, exercise).values())
    assert told.wrong_in(attempt, exercise, checks, right) == []


def test_honest_submissions_get_full_marks_meanwhile(attempts, honest):
    found = honest.result()
    assert found
    assert [each["points"] for each in found] == [each["maximum"] for each in found]


def test_the_grader_lives_on(running_course, attempts, honest, pid):
    for each in [*attempts.values(), honest]:
        each.result()
    assert service_pid(running_course) == pid


def test_nothing_of_them_runs_on(attempts, honest):
    """What is left are containers that wait for somebody: with one process, and nothing else."""
    for each in [*attempts.values(), honest]:
        each.result()
    until = time.monotonic() + CALM
    while (left := left_running()) and time.monotonic() < until:
        time.sleep(1)
    assert left == []


def left_running() -> list[str]:
    """Processes of nobody's beside the one of each container that waits."""
    waiting, found = set(), []
    for container in docker.from_env().containers.list(
        filters={"label": "syllab.grader"}, ignore_removed=True
    ):
        try:
            processes = container.top(ps_args="-eo pid,args")["Processes"]
        except docker.errors.APIError:
            processes = None
        if not processes:  # it ends at this moment
            return [f"{container.name} ends"]
        waiting |= {int(pid) for pid, _ in processes}
        found += [f"{container.name}: {what}" for _, what in processes[1:]]
    everything = psutil.process_iter(["pid", "uids", "name"])
    nobodys = [each for each in everything if each.info["uids"] and NOBODY in each.info["uids"]]
    return found + [f"{p.info}" for p in nobodys if p.info["pid"] not in waiting]
