import asyncio

import pytest
from labhub.throttle import Failures, LineFull, Lines


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_delays_double_up_to_a_bound():
    failures = Failures(shortest=0.25, longest=8)
    delays = [failures.delay(failures.add("p01", "here")) for _ in range(8)]
    assert delays == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert failures.delay(10**9) == 8


def test_accounts_and_addresses_are_apart():
    failures = Failures()
    for _ in range(5):
        failures.add("p01", "here")
    assert failures.add("p01", "there") == 1
    assert failures.add("p02", "here") == 1


def test_failures_are_forgotten_in_time_or_on_success():
    clock = Clock()
    failures = Failures(remember=900, clock=clock)
    assert [failures.add("p01", "here") for _ in range(3)] == [1, 2, 3]
    failures.forget("p01", "here")
    assert failures.add("p01", "here") == 1
    clock.now = 901
    assert failures.add("p01", "here") == 1


def test_memory_is_bounded():
    failures = Failures(size=100)
    for i in range(1000):
        failures.add(f"made-up-{i}", "here")
    assert len(failures._counts) == 100


def in_order(lines, jobs):
    """Start all jobs (account, address) at once; the order in which they ran."""

    async def main():
        ran = []

        async def job(key):
            await asyncio.sleep(0)
            ran.append(key)

        results = await asyncio.gather(
            *(lines.run(*key, lambda key=key: job(key)) for key in jobs), return_exceptions=True
        )
        return ran, results

    return asyncio.run(main())


def test_one_at_a_time_per_account_and_addresses_take_turns():
    lines = Lines(per_pair=100, per_account=100, per_address=100, overall=100)
    flood = [("p01", "flooder")] * 20
    ran, _ = in_order(lines, [*flood, ("p01", "owner"), ("p02", "neighbour")])
    # In front of the owner: what ran already and one more of the flood.
    assert ran.index(("p01", "owner")) <= 2
    assert ran.index(("p02", "neighbour")) <= 2
    assert len(ran) == 22


def test_full_lines_refuse_at_once_and_empty_again():
    lines = Lines(per_pair=3, per_account=5, per_address=5, overall=6)
    same = [("p01", "a")] * 4 + [("p01", "b")] * 3 + [("p02", "c")] * 2
    ran, results = in_order(lines, same)
    assert len(ran) == 6
    refused = [key for key, result in zip(same, results, strict=True) if result]
    assert refused == [("p01", "a"), ("p01", "b"), ("p02", "c")]
    assert all(isinstance(result, LineFull) for result in results if result)
    assert not lines._waiting
    assert not lines._locks


def test_one_address_cannot_fill_all_lines():
    lines = Lines(per_pair=2, per_account=4, per_address=5, overall=8)
    flood = [(f"p{i:02}", "flooder") for i in range(20)]
    ran, results = in_order(lines, [*flood, ("p01", "owner"), ("p30", "neighbour")])
    assert set(ran) == {*flood[:5], ("p01", "owner"), ("p30", "neighbour")}
    assert sum(isinstance(result, LineFull) for result in results) == 15
    assert not lines._waiting


def test_a_failing_job_frees_its_place():
    lines = Lines(per_pair=1, per_account=1, per_address=1, overall=1)

    async def fail():
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011 - the job's own
            asyncio.run(lines.run("p01", "here", fail))
    assert not lines._waiting
