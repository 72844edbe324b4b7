from pathlib import Path

import pytest
from courseware import course
from courseware.errors import CourseError
from courseware.lab import place
from hypothesis import settings

# Time limits fail on a busy machine and say nothing about the code.
settings.register_profile("course", deadline=None)
settings.load_profile("course")

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def cns2024():
    return course.load(REPOSITORY / "course" / "cns2024")


@pytest.fixture
def load(tmp_path):
    """Loads a course from the text of its course.yml."""

    def load(text: str, **files: str):
        for name, content in ({"course.yml": text} | files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return course.load(tmp_path)

    return load


@pytest.fixture
def problems(load):
    """The problems of a course, as (line, key, text)."""

    def problems(text: str, **files: str):
        with pytest.raises(CourseError) as error:
            load(text, **files)
        return [(p.line, p.key, f"{p.what} -> {p.remedy}") for p in error.value.problems]

    return problems


class Home:
    """A home and the course's notebooks. `start` is what happens when the lab starts."""

    def __init__(self, folder):
        self.source, self.home = folder / "source", folder / "home"
        self.tutorials = self.home / "tutorials"
        self.source.mkdir()
        self.home.mkdir()

    def start(self, **files):
        for name, text in files.items():
            path = self.source / f"{name}.ipynb"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        place.main([str(self.source), str(self.home)])

    def write(self, name, text):
        (self.tutorials / name).write_text(text)

    def files(self):
        found = sorted(self.tutorials.rglob("*"))
        return {str(f.relative_to(self.tutorials)): f.read_text() for f in found if f.is_file()}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture(scope="session")
def new_home(tmp_path_factory):
    """Makes homes, for a test that needs more than one."""
    return lambda: Home(tmp_path_factory.mktemp("home"))
