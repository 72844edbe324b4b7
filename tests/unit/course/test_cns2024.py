"""The flagship course says what the event was."""

from datetime import timedelta

from courseware import schedule

SESSIONS = """\
09:00 Overview and introduction to NEST Simulator | Joshua Boettcher, Jasper Albers
09:20 Pattern generation and classification using eligibility propagation (e-prop) | Joshua Boettcher, Jasper Albers
10:10 Coffee break |
10:40 Creating neuron-astrocyte networks | Iiro Ahokainen
12:10 Lunch break |
14:00 Sequence learning with third-factor plasticity in NESTML | Jasper Albers
15:30 Coffee break |
16:00 Compartmental models | Joshua Boettcher
17:15 Closing |"""  # noqa: E501


def test_the_nine_sessions(cns2024):
    rows = [
        f"{e.start:%H:%M} {e.session.title} | {', '.join(e.session.speakers)}".rstrip()
        for e in schedule.resolve(cns2024)
    ]
    assert rows == SESSIONS.splitlines()


def test_the_day_is_full_but_for_no_gap(cns2024):
    entries = schedule.resolve(cns2024)
    assert entries[-1].end - entries[0].start == timedelta(hours=8, minutes=30)


def test_organisers_in_the_order_of_their_surnames(cns2024):
    organisers = [p.name for p in cns2024.people if "organiser" in p.roles]
    assert len(organisers) == 8
    assert organisers == sorted(organisers, key=lambda name: name.split()[-1])
    assert all(p.affiliation for p in cns2024.people)


def test_what_was_promised(cns2024):
    assert (cns2024.capacity, cns2024.lab.memory_bytes, cns2024.image.recipe) == (40, 2**30, "nest")
    cited = (cns2024.folder / cns2024.citations).read_text()
    assert "10.3389/fnana.2016.00057" in cited
    assert "10.3389/fncom.2010.00141" in cited


def test_the_lock_has_hashes_and_no_addresses(cns2024):
    lock = (cns2024.folder / cns2024.image.lock).read_text()
    assert "://" not in lock
    pinned = [line for line in lock.splitlines() if "==" in line]
    assert all(line.endswith("\\") for line in pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)
