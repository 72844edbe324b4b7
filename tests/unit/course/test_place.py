"""Notebooks are laid into a home, and nothing a participant wrote is ever lost."""

from courseware.lab import place
from hypothesis import given
from hypothesis import strategies as st

NOTE = "UPDATES.md"


def test_a_first_start_places_everything(home, capfd):
    (home.source / "figures").mkdir()
    (home.source / "figures" / "a.svg").write_text("<svg/>")
    home.start(a="v1")
    assert home.files() == {"a.ipynb": "v1", "figures/a.svg": "<svg/>"}
    assert "a.ipynb: placed" in capfd.readouterr().out


def test_a_second_start_changes_and_says_nothing(home, capfd):
    home.start(a="v1")
    state = home.home / place.STATE
    before = state.stat().st_mtime_ns
    capfd.readouterr()
    home.start()
    assert (state.stat().st_mtime_ns, capfd.readouterr().out) == (before, "")


def test_an_unchanged_file_is_updated(home, capfd):
    home.start(a="v1")
    home.start(a="v2")
    assert home.files() == {"a.ipynb": "v2"}
    assert "a.ipynb: updated" in capfd.readouterr().out


def test_a_changed_file_stays_and_the_new_version_lies_beside_it(home, capfd):
    home.start(a="v1")
    home.write("a.ipynb", "mine")
    home.start(a="v2")
    files = home.files()
    note = files.pop(NOTE)
    assert files == {"a.ipynb": "mine", "a.new.ipynb": "v2"}
    assert "`a.ipynb` is as you left it. The new version is `a.new.ipynb`." in note
    assert "the course's new version is a.new.ipynb" in capfd.readouterr().out


def test_a_changed_file_without_a_new_version_is_left_in_peace(home):
    home.start(a="v1")
    home.write("a.ipynb", "mine")
    home.start()
    assert home.files() == {"a.ipynb": "mine"}


def test_a_third_version_replaces_an_untouched_second(home):
    home.start(a="v1")
    home.write("a.ipynb", "mine")
    home.start(a="v2")
    home.start(a="v3")
    assert home.files() | {NOTE: ""} == {"a.ipynb": "mine", "a.new.ipynb": "v3", NOTE: ""}


def test_a_third_version_leaves_an_edited_second_alone(home):
    home.start(a="v1")
    home.write("a.ipynb", "mine")
    home.start(a="v2")
    home.write("a.new.ipynb", "mine too")
    home.start(a="v3")
    files = home.files()
    assert "`a.new2.ipynb`" in files.pop(NOTE)
    assert files == {"a.ipynb": "mine", "a.new.ipynb": "mine too", "a.new2.ipynb": "v3"}


def test_a_new_version_that_was_thrown_away_does_not_come_back(home):
    home.start(a="v1")
    home.write("a.ipynb", "mine")
    home.start(a="v2")
    (home.tutorials / "a.new.ipynb").unlink()
    home.start()
    assert home.files() == {"a.ipynb": "mine"}


def test_a_deleted_file_is_placed_again(home):
    home.start(a="v1")
    (home.tutorials / "a.ipynb").unlink()
    home.start()
    assert home.files() == {"a.ipynb": "v1"}


def test_taking_over_the_new_version_ends_the_matter(home):
    home.start(a="v1")
    home.write("a.ipynb", "mine")
    home.start(a="v2")
    (home.tutorials / "a.new.ipynb").rename(home.tutorials / "a.ipynb")
    home.start()
    assert home.files() == {"a.ipynb": "v2"}
    home.start(a="v3")
    assert home.files() == {"a.ipynb": "v3"}


def test_a_file_of_theirs_with_the_name_of_a_new_one_stays(home):
    home.tutorials.mkdir()
    home.write("a.ipynb", "mine")
    home.write(NOTE, "my notes")
    home.start(a="v1")
    assert home.files() == {"a.ipynb": "mine", "a.new.ipynb": "v1", NOTE: "my notes"}


NAMES = st.sampled_from(["a.ipynb", "a.new.ipynb", "a.new2.ipynb", NOTE])
ACTIONS = st.one_of(
    st.tuples(st.just("release"), st.sampled_from(["v1", "v2", "v3"])),
    st.tuples(st.just("edit"), NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("forget"), st.just("")),
)


@given(st.lists(ACTIONS, max_size=12))
def test_nothing_a_participant_wrote_is_ever_lost(new_home, actions):
    home = new_home()
    home.start(a="v0")
    theirs = {}
    for count, (action, detail) in enumerate(actions):
        if action == "release":
            home.start(a=detail)
        elif action == "edit":
            theirs[detail] = f"mine {count}"
            home.write(detail, theirs[detail])
        elif action == "delete":
            (home.tutorials / detail).unlink(missing_ok=True)
            theirs.pop(detail, None)
        else:
            (home.home / place.STATE).unlink()
        home.start()
        files = home.files()
        assert {name: files.get(name) for name in theirs} == theirs
        assert "a.ipynb" in files
        assert not [name for name in files if name.endswith(".part")]
