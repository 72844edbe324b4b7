"""The service: a few labs at a time, over refusals and a hub that is away."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from courseware.hub_settings import CourseSession, Lifecycle
from labhub.lifecycle import service, state
from labhub.lifecycle.hub import Silent, User
from labhub.lifecycle.plan import LAB, RESERVE
from labhub.lifecycle.service import Service
from labhub.lifecycle.state import Record

NOW = datetime.now(UTC)
RULES = Lifecycle(
    sessions=[CourseSession(title="Now", start=NOW, end=NOW + timedelta(hours=1))],
    warm_seconds=900,
    idle_seconds=3600,
)


class FakeHub:
    """A hub with labs that are ready after some questions."""

    def __init__(self, *names):
        self.servers = dict.fromkeys(names)
        self.asked, self.refuses, self.away = [], False, False

    async def users(self):
        if self.away:
            raise Silent("It is away")
        return [User(name, None, server) for name, server in self.servers.items()]

    async def start(self, name):
        self.asked.append(name)
        if not self.refuses:
            self.servers[name] = server("spawn")
        return not self.refuses

    async def is_starting(self, name):
        pending = self.servers[name]["pending"] == "spawn"
        self.servers[name] = server(None)
        return pending

    async def stop(self, name):
        self.servers[name] = None
        return True


def server(pending, used=NOW):
    return {
        "pending": pending, "ready": pending is None,
        "started": used.isoformat(), "last_activity": used.isoformat(),
    }  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Waits are over at once."""
    sleep = asyncio.sleep
    monkeypatch.setattr(service.asyncio, "sleep", lambda seconds: sleep(0))


@pytest.fixture
def made(settings, monkeypatch):
    """A service and its hub, on a machine with memory."""
    monkeypatch.setattr(service, "available", lambda: RESERVE + 50 * LAB)
    settings.state.mkdir()
    hub = FakeHub("p01", "p02", "helper1", "org", "nobody")
    return Service(settings.model_copy(update={"lifecycle": RULES}), hub), hub


def look(made):
    return asyncio.run(made.look())


def test_all_of_the_roster_but_organisers_are_warmed_two_at_a_time(made, settings):
    service, hub = made
    assert look(service)
    assert len(hub.asked) == 2
    assert {hub.servers[name]["ready"] for name in hub.asked} == {True}  # it waited for them
    assert look(service)
    assert not look(service)
    assert sorted(hub.asked) == ["helper1", "p01", "p02"]
    record = state.record(settings).read(Record)
    assert "3 of 3 labs are warmed." in record.says
    assert record.tries == {}


def test_who_waits_for_a_lab_comes_first(made):
    service, hub = made
    hub.servers |= {"org": server("spawn"), "nobody": server("spawn")}
    assert not look(service)
    assert hub.asked == []
    hub.servers["nobody"] = server(None)
    look(service)
    assert len(hub.asked) == 1


def test_a_refusal_is_not_repeated_at_once(made, settings):
    service, hub = made
    hub.refuses = True
    assert not look(service)
    assert state.record(settings).read(Record).tries == dict.fromkeys(hub.asked, 1)
    hub.refuses = False
    while look(service):
        pass
    assert {name for name, lab in hub.servers.items() if lab} == {"p01", "p02", "helper1"}


def test_a_hub_that_is_away_costs_nobody_a_try(made, settings):
    service, hub = made
    hub.away = True
    with pytest.raises(Silent):
        look(service)
    assert state.record(settings).read(Record) == Record()


def test_idle_labs_of_anybody_are_stopped_after_the_session(settings):
    settings.state.mkdir()
    hub = FakeHub("p01", "org")
    hub.servers = {"p01": server(None), "org": server(None, NOW - timedelta(hours=2))}
    rules = RULES.model_copy(update={"sessions": []})
    made = Service(settings.model_copy(update={"lifecycle": rules}), hub)
    assert look(made)
    assert hub.servers == {"p01": server(None), "org": None}
    assert not look(made)


def test_this_machine_says_how_much_memory_is_available():
    assert 2**20 < service.available() < 2**50
