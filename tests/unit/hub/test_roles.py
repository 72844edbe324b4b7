import pytest
from jupyterhub import orm
from jupyterhub.scopes import expand_scopes, scope_definitions
from labhub.accounts import Accounts
from labhub.roles import EVERYBODY, GRADER, HELPER, LAB, ORGANISER, roles


def reaches(scopes):
    """The scopes that these expand to for participant p01, as JupyterHub itself sees it."""
    return set(expand_scopes(scopes, owner=orm.User(name="p01")))


def test_all_scopes_exist():
    used = {scope.partition("!")[0] for scope in [*EVERYBODY, *HELPER, *ORGANISER, *LAB]}
    assert used <= set(scope_definitions)


@pytest.mark.parametrize("scopes", [EVERYBODY, [*EVERYBODY, *HELPER], [*EVERYBODY, *ORGANISER]])
def test_nobody_enters_anothers_lab_or_makes_tokens(scopes):
    reached = reaches(scopes)
    assert {s for s in reached if s.startswith("access:")} == {"access:servers!user=p01", GRADER}
    forbidden = ("tokens", "shares", "admin:", "users!", "proxy", "shutdown", "groups", "delete:u")
    assert not [s for s in reached if s.startswith(forbidden)]


def test_participants_reach_only_themselves_and_the_grader():
    others = {scope for scope in reaches(EVERYBODY) if not scope.endswith("!user=p01")}
    # Some scopes of a service itself come with it; all of them are about what it is.
    assert GRADER in others
    assert {scope.partition("!")[2] for scope in others} == {"service=grader"}
    assert {scope.partition("!")[0] for scope in others - {GRADER}} <= {"read:services:name"}


def test_helpers_look_and_organisers_start_and_stop():
    assert not {"start:servers", "delete:servers"} & reaches(HELPER)
    assert {"start:servers", "delete:servers", "list:users", "admin-ui"} <= reaches(ORGANISER)


def test_membership_follows_the_accounts(users):
    members = {role["name"]: role.get("users") for role in roles(Accounts(users))}
    assert members["helper"] == ["helper1"]
    assert members["organiser"] == ["org"]
    assert members["admin"] == []
    assert members["user"] is None  # everybody, as they come
