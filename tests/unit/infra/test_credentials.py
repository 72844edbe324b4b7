"""Passphrases are issued once, readable by the organiser alone, and never changed by a rerun."""

from __future__ import annotations

import csv
import json
import stat

from cloudlab import credentials
from courseware import passphrase
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


def test_who_left_the_roster_can_no_longer_log_in(workspace):
    credentials.issue(workspace, [ANN, BO])
    credentials.issue(workspace, [BO])
    assert set(users(workspace)) == {"bo"}
