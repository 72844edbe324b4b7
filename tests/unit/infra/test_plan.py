"""The plan: which machines a course wants, and whether those that are there will do."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudlab import plan
from cloudlab.plan import GB, GIB, Machine, Plan, Size
from courseware import course as courses
from courseware.course import Course
from rich.console import Console

COURSE = """\
title: Waves
venue: {zone: Europe/Berlin}
days:
  - date: 2026-03-02
    sessions: [{start: "09:00", duration: 60, title: Waves, tutorial: waves}]
tutorials: [{id: waves, title: Waves, cpu: 360, memory: 300M}]
lab: {memory: 1G, disk: 2G, cpus: CPUS, overcommit: OVERCOMMIT}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tutorials").mkdir()
    (tmp_path / "tutorials" / "waves.md").write_text("# Waves\n")
    return tmp_path


def course(folder: Path, *, overcommit: bool = False, cpus: float = 1) -> Course:
    text = COURSE.replace("OVERCOMMIT", str(overcommit).lower()).replace("CPUS", str(cpus))
    (folder / "course.yml").write_text(text)
    return courses.load(folder)


def total(found: Plan) -> int:
    return sum(machine.labs for machine in found.machines)


def shown(found: Plan) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(plan.show(found))
    return capture.get()


def test_one_machine_where_one_is_enough(folder):
    # 40 GiB of labs and 2 GiB of its own; 40 labs that work 360 s of 3600; 80 GiB of homes.
    (machine,) = plan.suggest(course(folder), 40, image=1 * GB).machines
    assert machine == Machine("manager", 40, Size(64 * GIB, 4, 100 * GB))


def test_a_course_that_overcommits_is_counted_by_what_its_tutorials_need(folder):
    (machine,) = plan.suggest(course(folder, overcommit=True), 40).machines
    assert machine.size.memory == 16 * GIB  # 40 times 353 MiB, and 2 GiB


def test_a_small_course_still_gets_two_cores(folder):
    (machine,) = plan.suggest(course(folder), 2).machines
    assert machine.size == Size(4 * GIB, 2, 20 * GB)


def test_a_large_course_is_spread_evenly_over_workers(folder):
    manager, *workers = plan.suggest(course(folder), 200).machines
    assert (manager.role, manager.labs) == ("manager", 0)
    assert [worker.labs for worker in workers] == [50, 50, 50, 50]
    assert {worker.size.memory for worker in workers} == {64 * GIB}


def test_machines_of_a_size_that_is_settled(folder):
    size = Size(16 * GIB, 8, 100 * GB)
    found = plan.suggest(course(folder), 40, size=size)
    assert [worker.labs for worker in found.machines[1:]] == [14, 13, 13]
    assert {worker.size for worker in found.machines[1:]} == {size}


@pytest.mark.parametrize(
    "size",
    [Size(16 * GIB, 1, 500 * GB), Size(64 * GIB, 16, 35 * GB)],
    ids=["few cores", "a small disk"],
)
def test_a_machine_has_no_more_labs_than_its_cores_and_its_disk_allow(folder, size):
    found = plan.suggest(course(folder), 40, size=size)
    assert total(found) == 40
    assert [worker.labs for worker in found.machines[1:]] == [10, 10, 10, 10]


def test_homes_that_are_not_pinned_need_the_managers_disk(folder):
    pinned = plan.suggest(course(folder), 200).machines
    distant = plan.suggest(course(folder), 200, pinned=False).machines
    assert distant[0].size.disk - pinned[0].size.disk == 430 * GB  # 200 times 2 GiB
    assert distant[1].size.disk < pinned[1].size.disk


def test_machines_that_hold_no_lab(folder):
    found = plan.suggest(course(folder), 40, size=Size(2 * GIB, 2, 50 * GB))
    assert not found.machines
    (problem,) = found.problems
    assert "can't have a single lab: that takes 3 GiB" in problem
    assert " -> " in problem


def test_machines_that_will_do(folder):
    found = plan.judge(course(folder), 40, Size(64 * GIB, 4, 100 * GB), [])
    assert (found.problems, found.warnings) == ([], [])


def test_too_little_memory_is_refused_unless_overcommitted(folder):
    machine = Size(10 * GIB, 8, 200 * GB)
    (problem,) = plan.judge(course(folder), 40, machine, []).problems
    assert problem.startswith("course.yml: capacity: 40 labs of 1 GiB, and the machines' memory")
    assert "holds 8 -> " in problem
    assert "lab.overcommit: true" in problem
    found = plan.judge(course(folder, overcommit=True), 40, machine, [])
    assert not found.problems
    (warning,) = found.warnings
    assert "lab.overcommit" in warning
    assert not plan.judge(course(folder, overcommit=True), 20, machine, []).warnings


def test_the_memory_of_all_workers_counts_and_the_managers_does_not(folder):
    manager, worker = Size(64 * GIB, 4, 100 * GB), Size(22 * GIB, 4, 100 * GB)
    assert not plan.judge(course(folder), 40, manager, [worker, worker]).problems
    assert plan.judge(course(folder), 40, manager, [worker]).problems


def test_a_small_manager_and_its_disk_for_all_homes_are_warned_of(folder):
    manager, worker = Size(4 * GIB, 4, 80 * GB), Size(64 * GIB, 4, 40 * GB)
    found = plan.judge(course(folder), 40, manager, [worker], pinned=False)
    assert not found.problems
    memory, disk = found.warnings
    assert "The manager has 4 GiB of memory -> 6.9 GiB" in memory
    assert "The manager has 80 GB of disk, and 97.9 GB would be used" in disk


def test_too_few_cores_and_disk_are_warned_of_with_what_follows(folder):
    found = plan.judge(course(folder), 80, Size(128 * GIB, 2, 100 * GB), [])
    assert not found.problems
    come, work, disk = found.warnings
    assert "the last lab is ready after 50 s" in come
    assert "4.0 times as long" in work
    assert "183.8 GB would be used" in disk


def test_a_disk_without_room_for_the_images_is_refused(folder):
    found = plan.judge(course(folder), 2, Size(8 * GIB, 2, 15 * GB), [], image=4 * GB)
    (problem,) = found.problems
    assert "15 GB of disk, the system and the images take 18 GB" in problem


def test_labs_that_may_use_more_cores_than_there_are(folder):
    found = plan.judge(course(folder, cpus=4), 2, Size(8 * GIB, 2, 50 * GB), [])
    (warning,) = found.warnings
    assert "lab.cpus: 4 is more than a machine has" in warning


def test_the_organiser_reads_machines_reasons_and_remedies(folder):
    small = Size(8 * GIB, 1, 60 * GB)
    text = shown(plan.judge(course(folder), 40, small, [small, small]))
    assert "2 workers, each    20   8 GiB" in text
    assert "1 GiB for each lab, its limit, and 2 GiB for each machine itself" in text
    assert "✗ course.yml: capacity" in text
    assert "! When everybody works" in text
