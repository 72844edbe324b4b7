import json
import logging
import os

import pytest
from courseware.errors import UserError
from labhub.accounts import Accounts


def rewrite(path, change):
    accounts = json.loads(path.read_text())
    change(accounts)
    path.write_text(json.dumps(accounts))
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))  # coarse clocks notice, too


def test_reads_names_and_roles(users):
    accounts = Accounts(users)
    assert accounts.get("p01").name == "Name of p01"
    assert accounts.get("nobody") is None
    assert accounts.with_role("organiser") == ["org"]


def test_a_changed_file_counts_at_once(users):
    accounts = Accounts(users)
    rewrite(users, lambda a: a.pop("p02"))
    assert accounts.get("p02") is None
    assert accounts.get("p01")


def test_a_file_that_breaks_later_changes_nothing(users, caplog):
    accounts = Accounts(users)
    users.write_text("{")
    with caplog.at_level(logging.ERROR):
        assert accounts.get("p01")
        assert accounts.get("p01")
    assert len(caplog.records) == 1
    users.unlink()
    assert accounts.get("p01")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda a: a["p01"].update(role="admin"), "p01.role"),
        (lambda a: a["p01"].pop("hash"), "p01.hash"),
        (lambda a: a.update({"../etc": a["p01"]}), "../etc"),
        (lambda a: a["p01"].update(hash="$2b$secret"), "p01.hash"),
    ],
)
def test_mistakes_are_named_without_showing_hashes(users, change, named):
    rewrite(users, change)
    with pytest.raises(UserError) as error:
        Accounts(users)
    assert str(users) in str(error.value)
    assert named in str(error.value)
    assert "secret" not in str(error.value)
    assert "$argon2id$v" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="can't be read"):
        Accounts(tmp_path / "users.json")
