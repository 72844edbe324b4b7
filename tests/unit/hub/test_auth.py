"""The authenticator, with real hashes and threads; only waiting is replaced."""

import asyncio
import json
import logging
import os
import unicodedata
from types import SimpleNamespace

import pytest
from courseware import passphrase
from labhub.auth import BUSY, WRONG, Refusal, RosterAuthenticator


class Hall:
    """An authenticator whose delays are noted, and last until `open` is set."""

    def __init__(self, users, *, block=False):
        self.authenticator = RosterAuthenticator(users_file=str(users))
        self.authenticator.sleep = self.sleep
        self.delays = []
        self.block = block

    async def sleep(self, seconds):
        self.delays.append(seconds)
        if self.block:
            await asyncio.Event().wait()

    async def login(self, username, text, address="203.0.113.5"):
        """The user's name, or the HTTP status of the refusal."""
        handler = SimpleNamespace(request=SimpleNamespace(connection=None, remote_ip=address))
        try:
            user = await self.authenticator.get_authenticated_user(
                handler, {"username": username, "password": text}
            )
        except Refusal as refusal:
            return refusal.status_code
        return user["name"]


@pytest.fixture
def hall(users):
    return Hall(users)


@pytest.mark.parametrize(
    ("username", "typed"),
    [("p01", "words of p01"), (" P01 ", "Words-OF  p01 "), ("p01", "words – of – p01")],  # noqa: RUF001
)
def test_a_right_passphrase_gets_in(hall, username, typed):
    assert asyncio.run(hall.login(username, typed)) == "p01"
    assert hall.delays == []


@pytest.mark.parametrize(
    ("username", "typed"),
    [
        ("p01", "words of p02"),
        ("p01", ""),
        ("p01", "words of p01" + " x" * 200),
        ("nobody", "words of p01"),
        ("", ""),
        ("p01\0", "words of p01"),
        ("../p01", "words of p01"),
        ("p01", "\ud800"),
    ],
)
def test_all_else_is_refused_in_the_same_words(hall, username, typed):
    assert asyncio.run(hall.login(username, typed)) == 403
    assert hall.delays == [0.25]


def test_unknown_usernames_cost_a_verification_too(hall, monkeypatch):
    verified = []
    real = passphrase.verify
    monkeypatch.setattr(passphrase, "verify", lambda h, t: verified.append(h) or real(h, t))
    assert asyncio.run(hall.login("nobody", "x")) == 403
    assert asyncio.run(hall.login("p01", "x")) == 403
    assert len(verified) == 2
    parameters = [h.split("$")[1:4] for h in verified]
    assert parameters[0] == parameters[1]


def test_delays_grow_and_end_with_success(hall):
    async def main():
        for _ in range(7):
            assert await hall.login("p01", "wrong") == 403
        assert await hall.login("p01", "words of p01") == "p01"
        assert await hall.login("p01", "wrong") == 403

    asyncio.run(main())
    assert hall.delays == [0.25, 0.5, 1, 2, 4, 8, 8, 0.25]


def test_neighbours_behind_the_same_address_are_not_delayed(hall):
    async def main():
        for _ in range(10):
            await hall.login("p01", "wrong")
        hall.delays.clear()
        assert await hall.login("p02", "words of p02") == "p02"
        assert await hall.login("p02", "wrong") == 403

    asyncio.run(main())
    assert hall.delays == [0.25]


@pytest.mark.parametrize("address", ["203.0.113.5", "198.51.100.9"])
def test_the_owner_gets_in_while_the_account_is_flooded(users, address):
    """From the flooder's own address as from another; the flood's answers are still held back."""
    hall = Hall(users, block=True)

    async def main():
        flood = [asyncio.create_task(hall.login("p01", f"guess {i}")) for i in range(50)]
        await asyncio.sleep(0)  # now all of them have come
        got_in = await asyncio.wait_for(hall.login("p01", "words of p01", address), 10)
        neighbour = await asyncio.wait_for(hall.login("p02", "words of p02"), 10)
        for task in flood:
            task.cancel()
        return got_in, neighbour

    assert asyncio.run(main()) == ("p01", "p02")


def test_a_full_line_is_told_at_once_and_keeps_no_one_else_out(users):
    hall = Hall(users, block=True)

    async def main():
        assert await hall.login("p01", "words of p01") == "p01"
        flood = [asyncio.create_task(hall.login("p01", f"guess {i}")) for i in range(300)]
        async with asyncio.timeout(5):
            while sum(task.done() for task in flood) < 300 - 64 - 10:
                await asyncio.sleep(0)
        refused = [task.result() for task in flood if task.done()]
        # Known from before: no line to stand in.
        owner = await asyncio.wait_for(hall.login("p01", "words of p01"), 1)
        # Never here before, but on another account, or at another address.
        neighbour = await asyncio.wait_for(hall.login("p02", "words of p02"), 2)
        elsewhere = await asyncio.wait_for(hall.login("p01", "words of p01", "198.51.100.9"), 2)
        for task in flood:
            task.cancel()
        return refused, owner, neighbour, elsewhere

    refused, *got_in = asyncio.run(main())
    assert len(refused) >= 300 - 64 - 10
    assert set(refused) == {429}
    assert got_in == ["p01", "p02", "p01"]


def test_made_up_usernames_do_not_crowd_out_real_ones(users, hashes, monkeypatch):
    hall = Hall(users, block=True)
    verified = []
    monkeypatch.setattr(passphrase, "verify", lambda h, t: verified.append(h) or h == hashes["p01"])

    async def main():
        # Fewer than one address may have waiting.
        flood = [asyncio.create_task(hall.login(f"made-up-{i}", "x")) for i in range(250)]
        await asyncio.sleep(0)  # now all of them stand in line
        got_in = await hall.login("p01", "words of p01")
        for task in flood:
            task.cancel()
        return got_in

    assert asyncio.run(main()) == "p01"
    assert verified.index(hashes["p01"]) <= 64  # at most one of each line was ahead


def test_unknown_usernames_do_not_wait_for_each_other(hall, users):
    """As known ones don't, or the difference would tell who has an account."""

    async def lines(hall):
        stood = []

        async def run(account, address, job):
            stood.append(account)
            return False

        hall.authenticator.lines.run = run
        for i in range(500):
            await hall.login(f"made-up-{i}", "x")
        return stood

    stood = asyncio.run(lines(hall))
    assert len(set(stood)) == 64
    assert not set(stood) & set(hall.authenticator.accounts.all())
    assert asyncio.run(lines(hall)) == stood  # always the same, as for known ones
    assert asyncio.run(lines(Hall(users))) != stood  # but nobody can work out which


def test_what_is_too_long_is_not_even_normalised(hall, monkeypatch):
    """NFKC of 100,000 alternating combining marks would stop the hub for a minute."""
    lengths = []
    real = unicodedata.normalize

    def normalize(form, text):
        lengths.append(len(text))
        return real(form, text)

    monkeypatch.setattr(unicodedata, "normalize", normalize)
    marks = "\u0315\u0300" * 500
    assert asyncio.run(hall.login(f"a{marks}", f"a{marks}")) == 403
    assert max(lengths) <= 256
    lengths.clear()
    assert hall.authenticator.normalize_username("a" * 64) == "a" * 64
    assert hall.authenticator.normalize_username("a" * 65) == ""
    assert lengths == [64]


def test_answers_held_back_are_bounded(users, monkeypatch):
    monkeypatch.setattr("labhub.auth.HELD_BACK", 3)
    hall = Hall(users, block=True)

    async def main():
        tasks = [asyncio.create_task(hall.login("p01", f"guess {i}")) for i in range(5)]
        done, waiting = await asyncio.wait(tasks, timeout=0.5)
        for task in waiting:
            task.cancel()
        return [task.result() for task in done], len(waiting)

    assert asyncio.run(main()) == ([403, 403], 3)


def test_a_reissued_card_counts_at_once(hall, users):
    async def main():
        assert await hall.login("p01", "words of p01") == "p01"
        accounts = json.loads(users.read_text())
        accounts["p01"]["hash"] = passphrase.hash("new words")
        users.write_text(json.dumps(accounts))
        os.utime(users, ns=(1, 1))
        assert await hall.login("p01", "words of p01") == 403
        assert await hall.login("p01", "new words") == "p01"

    asyncio.run(main())


def test_who_leaves_the_roster_is_out(hall, users):
    user = SimpleNamespace(name="p01")
    assert asyncio.run(hall.authenticator.refresh_user(user)) is True
    users.write_text("{}")
    assert asyncio.run(hall.authenticator.refresh_user(user)) is False
    assert not hall.authenticator.validate_username("p01")
    assert asyncio.run(hall.login("p01", "words of p01")) == 403


def test_nothing_secret_is_logged(hall, caplog):
    hall.authenticator.log = logging.getLogger("test")
    with caplog.at_level(logging.DEBUG):
        for username in ("p01", "my secret words"):
            assert asyncio.run(hall.login(username, "my secret words")) == 403
    assert "p01" in caplog.text
    assert "secret" not in caplog.text
    assert "argon2" not in caplog.text


def test_a_flood_does_not_fill_the_log(hall, caplog):
    hall.authenticator.log = logging.getLogger("test")

    async def main():
        for _ in range(20):
            await hall.login("p01", "wrong")

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    assert len([r for r in caplog.records if "p01" in r.getMessage()]) == 5  # 1, 2, 4, 8, 16


def test_the_messages_are_for_people():
    assert Refusal(403, WRONG).get_message() == WRONG
    assert Refusal(429, BUSY, {"Retry-After": "5"}).headers == {"Retry-After": "5"}
