"""Passphrases are issued once, readable by the organiser alone, and never changed by a rerun."""

from __future__ import annotations

import csv
import json
import stat

import pytest
from cloudlab import credentials
from courseware import passphrase
from courseware.errors import UserError
from courseware.roster import Seat

ANN = Seat(username="ann", name="<'&\"> Ann", role="participant")
BO = Seat(username="bo", name="สมชาย", role="helper")


def plain(workspace) -> dict[str, dict[str, str]]:
    with workspace.credentials.open(newline="", encoding="utf-8") as file:
        return {row["username"]: row for row in csv.DictReader(file)}


def users(workspace) -> dict[str, dict[str, str]]:
    return json.loads(workspace.users.read_text(encoding="utf-8"))


def test_each_seat_gets_its_own_passphrase_that_matches_its_hash(workspace):
    assert credentials.issue(workspace, [ANN, BO]) == 2
    rows = plain(workspace)
    assert rows["ann"]["name"] == ANN.name
    assert rows["bo"]["name"] == BO.name
    assert rows["ann"]["passphrase"] != rows["bo"]["passphrase"]
    for username, row in rows.items():
        assert passphrase.verify(users(workspace)[username]["hash"], row["passphrase"])


def test_no_plain_passphrase_reaches_the_hubs_file(workspace):
    credentials.issue(workspace, [ANN])
    assert plain(workspace)["ann"]["passphrase"] not in workspace.users.read_text()


def test_both_files_are_for_their_owner_only(workspace):
    credentials.issue(workspace, [ANN])
    for path in (workspace.credentials, workspace.users):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_rerun_changes_nothing_and_a_new_seat_only_adds(workspace):
    credentials.issue(workspace, [ANN])
    before = workspace.credentials.read_bytes(), workspace.users.read_bytes()
    assert credentials.issue(workspace, [ANN]) == 0
    assert (workspace.credentials.read_bytes(), workspace.users.read_bytes()) == before
    assert credentials.issue(workspace, [ANN, BO]) == 1
    assert plain(workspace)["ann"]["passphrase"] in before[0].decode()


def test_with_the_csv_locked_away_passphrases_still_hold(workspace):
    credentials.issue(workspace, [ANN])
    phrase = plain(workspace)["ann"]["passphrase"]
    workspace.credentials.unlink()
    assert credentials.issue(workspace, [ANN, BO]) == 1
    assert passphrase.verify(users(workspace)["ann"]["hash"], phrase)
    assert set(plain(workspace)) == {"bo"}


def test_who_left_the_roster_can_no_longer_log_in_and_returns_with_the_same_card(workspace):
    credentials.issue(workspace, [ANN, BO])
    card = plain(workspace)["ann"]["passphrase"]
    credentials.issue(workspace, [BO])
    assert set(users(workspace)) == {"bo"}
    assert plain(workspace)["ann"]["role"] == "left"
    assert credentials.issue(workspace, [ANN, BO]) == 0
    assert passphrase.verify(users(workspace)["ann"]["hash"], card)
    assert plain(workspace)["ann"] == {
        "username": "ann", "name": ANN.name, "role": "participant", "passphrase": card,
    }  # fmt: skip


def test_a_spreadsheets_byte_order_mark_is_fine(workspace):
    credentials.issue(workspace, [ANN])
    text = workspace.credentials.read_text(encoding="utf-8")
    workspace.credentials.write_text(text, encoding="utf-8-sig")
    assert credentials.issue(workspace, [ANN, BO]) == 1
    assert set(plain(workspace)) == {"ann", "bo"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"username,name", b"username;name", "credentials.csv:1"),
        (b"ann,", b"ann", "credentials.csv:2"),
        ("สมชาย".encode(), b"\xe9", "credentials.csv:1"),
    ],
)
def test_a_damaged_csv_is_told_and_left_alone(workspace, old, new, told):
    credentials.issue(workspace, [ANN, BO])
    damaged = workspace.credentials.read_bytes().replace(old, new, 1)
    workspace.credentials.write_bytes(damaged)
    before = workspace.users.read_bytes()
    with pytest.raises(UserError, match=told):
        credentials.issue(workspace, [ANN, BO])
    assert (workspace.credentials.read_bytes(), workspace.users.read_bytes()) == (damaged, before)


@pytest.mark.parametrize("content", ["", "[]", '{"ann": {}}'])
def test_a_damaged_users_file_is_told_and_left_alone(workspace, content):
    workspace.users.parent.mkdir(parents=True)
    workspace.users.write_text(content)
    with pytest.raises(UserError, match=r"users\.json: damaged"):
        credentials.issue(workspace, [ANN])
    assert workspace.users.read_text() == content


def test_a_passphrase_is_issued_anew_for_who_is_deleted_from_the_users_file(workspace):
    credentials.issue(workspace, [ANN, BO])
    lost = plain(workspace)["ann"]["passphrase"]
    remaining = users(workspace)
    del remaining["ann"]
    workspace.users.write_text(json.dumps(remaining), encoding="utf-8")
    assert credentials.issue(workspace, [ANN, BO]) == 1
    assert plain(workspace)["ann"]["passphrase"] != lost
    assert not passphrase.verify(users(workspace)["ann"]["hash"], lost)


def test_passphrases_that_another_organiser_issued_hold(workspace, tmp_path):
    credentials.issue(workspace, [ANN, BO])
    ours = plain(workspace)["bo"]["passphrase"]
    theirs = {"ann": {"name": "Ann", "role": "participant", "hash": passphrase.hash("theirs")}}
    assert credentials.adopt(workspace, theirs) == 1
    assert credentials.issue(workspace, [ANN, BO]) == 0
    assert passphrase.verify(users(workspace)["ann"]["hash"], "theirs")
    assert "ann" not in plain(workspace)  # what stood there is no longer true
    assert plain(workspace)["bo"]["passphrase"] == ours
    assert credentials.adopt(workspace, users(workspace)) == 0
