"""course.yml: what is valid, and that each mistake gives one message with its line and remedy."""

import pytest
from courseware import course
from courseware.errors import CourseError

MINIMAL = """\
title: A small course
venue:
  zone: Europe/Berlin
days:
  - date: 2025-03-01
    sessions:
      - start: "09:00"
        duration: 60
        title: Hello
"""


def test_nine_lines_make_a_course(load):
    small = load(MINIMAL)
    assert (small.title, small.capacity, small.image.recipe) == ("A small course", 40, "plain")
    assert small.lab.memory_bytes == 2**30
    assert small.image.lock is None


def test_a_title_is_enough(load, tmp_path):
    small = load("title: Just a title\n")
    assert small.title == "Just a title"
    assert small.folder == tmp_path


BAD = {
    "unknown key": ("title: x\nspeekers: []\n", 2, "speekers", "not a key"),
    "unknown key, near": ("title: x\ncapasity: 3\n", 2, "capasity", "did you mean 'capacity'?"),
    "no title": ("capacity: 3\n", 1, "title", "is missing -> add it: What the course is called."),
    "title not text": ("title: 2024\n", 1, "title", "must be text -> put it in quotes"),
    "empty title": ('title: " "\n', 1, "title", "is empty"),
    "no value": ("title: x\ncapacity:\n", 2, "capacity", "has no value"),
    "not a list": ("title: x\npeople: Ann\n", 2, "people", "must be a list"),
    "not a group": ("title: x\npeople: [Ann]\n", 2, "people[0]", "must be a group of keys"),
    "not a number": ("title: x\nlab:\n  cpus: many\n", 3, "lab.cpus", "'many' should be a valid"),
    "bad size": ("title: x\nlab:\n  memory: 1 gig\n", 3, "lab.memory", "such as 512M or 1G"),
    "no size": ("title: x\nlab:\n  memory: 0G\n", 3, "lab.memory", "'0G' is not a size"),
    "control character": ('title: "a\\u0007"\n', 1, "title", "control character"),
    "two lines": ('title: "a\\nb"\n', 1, "title", "more than one line"),
    "braces": ('title: x\nimage:\n  recipe: "{0}"\n', 3, "image.recipe", "'{0}' is not a short"),
    "script address": (
        'title: x\nfeedback:\n  text: hi\n  url: "javascript:alert(1)"\n',
        4,
        "feedback.url",
        "is not a web address",
    ),
    "apt injection": (
        'title: x\nimage:\n  apt: ["g++; rm -rf /"]\n',
        3,
        "image.apt[0]",
        "is not the name of a Debian package",
    ),
    "apt option": ('title: x\nimage:\n  apt: ["-oX=y"]\n', 3, "image.apt[0]", "Debian package"),
    "pip unpinned": ("title: x\nimage:\n  pip: [numpy]\n", 3, "image.pip[0]", "pin the version"),
    "outside": (
        "title: x\ntutorials:\n  - {id: a, title: A, source: ../a.md}\n",
        3,
        "tutorials[0].source",
        "is not a path within the course folder",
    ),
    "no file": (
        "title: x\ntutorials:\n  - id: intro\n    title: A\n",
        3,
        "tutorials[0].id",
        "tutorials/intro.md doesn't exist",
    ),
    "no source file": (
        "title: x\ntutorials:\n  - id: intro\n    title: A\n    source: b.md\n",
        5,
        "tutorials[0].source",
        "b.md doesn't exist",
    ),
    "material nowhere": (
        MINIMAL + "        materials: [{title: Slides}]\n",
        10,
        "days[0].sessions[0].materials[0]",
        "give either its `url:` or a `file:`",
    ),
    "no material": (
        MINIMAL + "        materials: [{title: Slides, file: slides/a.pdf}]\n",
        10,
        "days[0].sessions[0].materials[0].file",
        "slides/a.pdf doesn't exist",
    ),
    "no citations": ("title: x\ncitations: a.bib\n", 2, "citations", "a.bib doesn't exist"),
    "key not text": ("title: x\n1: 2\n", 1, "", "the key 1 is not text"),
    "key twice": ("title: x\ncapacity: 3\ntitle: y\n", 3, "title", "twice: first on line 1"),
    "contact": (
        "title: x\ncontact: Ben\npeople:\n  - name: Benn\n",
        2,
        "contact",
        "did you mean 'Benn'?",
    ),
    "same person": (
        "title: x\npeople:\n  - name: Ann\n  - name: Ann\n",
        4,
        "people[1].name",
        "'Ann' is already used on line 3",
    ),
    "role": (
        "title: x\npeople:\n  - name: Ann\n    roles: [organizer]\n",
        4,
        "people[0].roles[0]",
        "did you mean 'organiser'?",
    ),
    "no venue": (MINIMAL.replace("venue:\n  zone: Europe/Berlin\n", ""), 2, "days", "a venue"),
    "zone": (
        MINIMAL.replace("Europe/Berlin", "europe/berln"),
        3,
        "venue.zone",
        "did you mean 'Europe/Berlin'?",
    ),
    "zone path": (
        MINIMAL.replace("Europe/Berlin", "../../../etc/passwd"),
        3,
        "venue.zone",
        "is not a known time zone",
    ),
    "date": (MINIMAL.replace("2025-03-01", "2025-02-30"), 5, "days[0].date", "'2025-02-30' is not"),
    "time": (
        MINIMAL.replace("09:00", "9.30"),
        7,
        "days[0].sessions[0].start",
        "'9.30' is not a time of day",
    ),
    "no end": (
        MINIMAL.replace("        duration: 60\n", ""),
        7,
        "days[0].sessions[0]",
        "has no end",
    ),
    "two ends": (
        MINIMAL + '        end: "10:00"\n',
        7,
        "days[0].sessions[0]",
        "has both `end` and `duration`",
    ),
    "speaker": (
        MINIMAL + "        speakers: [Ann]\n",
        10,
        "days[0].sessions[0].speakers[0]",
        "'Ann' is not one of the course's people",
    ),
    "tutorial": (
        MINIMAL + "        tutorial: intro\n",
        10,
        "days[0].sessions[0].tutorial",
        "'intro' is not a tutorial of the course",
    ),
    "kind": (
        MINIMAL + "        kind: brake\n",
        10,
        "days[0].sessions[0].kind",
        "did you mean 'break'?",
    ),
    "overlap": (
        MINIMAL + '      - {start: "09:59", duration: 5, title: Early}\n',
        10,
        "days[0].sessions[1].start",
        "'Early' (09:59 to 10:04) overlaps 'Hello' (09:00 to 10:00) on line 7",
    ),
    "same session": (
        MINIMAL + '        id: a\n      - {start: "11:00", duration: 5, title: x, id: a}\n',
        11,
        "days[0].sessions[1].id",
        "'a' is already used on line 10",
    ),
    "same day": (
        MINIMAL + '  - date: 2025-03-01\n    sessions: [{start: "12:00", duration: 5, title: x}]\n',
        10,
        "days[1].date",
        "'2025-03-01' is already used on line 5",
    ),
}


@pytest.mark.parametrize(("text", "line", "key", "says"), BAD.values(), ids=BAD)
def test_a_mistake_gives_one_message_where_it_is(problems, text, line, key, says):
    found = problems(text)
    assert len(found) == 1, found
    assert found[0][:2] == (line, key)
    assert says in found[0][2]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "is empty"),
        ("# only a comment\n", None, "is empty"),
        ("- a\n", 1, "doesn't hold keys and values"),
        ("title: a: b\n", 1, "mapping values are not allowed"),
        ("title: x\npeople: [a\n", 3, "is not valid YAML"),
        ("title: x\n\tcapacity: 3\n", 2, "is not valid YAML"),
        ("a: &a [*a]\n", None, "an alias that holds itself"),
        ("title: x\n---\ntitle: y\n", 2, "another document"),
        ("title: !!python/name:os.system x\n", 1, "is not valid YAML"),
    ],
)
def test_what_is_no_yaml_says_where(problems, text, line, says):
    [found] = problems(text)
    assert found[0] == line
    assert says in found[2]


def test_all_mistakes_at_once_in_order(problems):
    found = problems(
        "title: 1\ncolour: red\nvenue: {zone: Nowhere/City}\npeople: [{nam: Ann}]\n"
        "days: [{date: 2025-01-01, sessions: [\n"
        "  {start: '1', duration: 2, title: x, speakers: [B]}]}]\n"
    )
    assert [line for line, *_ in found] == sorted(line for line, *_ in found)
    keys = {key for _, key, _ in found}
    start, speaker = "days[0].sessions[0].start", "days[0].sessions[0].speakers[0]"
    assert keys == {
        "title",
        "colour",
        "venue.zone",
        "people[0].nam",
        "people[0].name",
        start,
        speaker,
    }


def test_a_message_reads_as_one_line_with_file_and_remedy(load, tmp_path):
    with pytest.raises(CourseError) as error:
        load("title: x\ncapasity: 3\n")
    expected = "course.yml:2: capasity: is not a key that belongs here -> did you mean 'capacity'?"
    assert str(error.value) == f"{tmp_path}/{expected}"


def test_no_course_file(tmp_path):
    with pytest.raises(CourseError, match=r"course\.yml: doesn't exist -> create it"):
        course.load(tmp_path)


def test_not_utf8(tmp_path):
    (tmp_path / "course.yml").write_bytes("title: Jülich".encode("latin-1"))
    with pytest.raises(CourseError, match="is not UTF-8"):
        course.load(tmp_path)


@pytest.mark.parametrize(
    ("lock", "says"),
    [
        (None, "requirements.txt doesn't exist"),
        ("numpy==2.0.0 --hash=sha256:0\n", "matplotlib==3.11.2 is not in requirements.txt"),
    ],
)
def test_packages_must_be_locked(problems, lock, says):
    text = "title: x\nimage:\n  pip: [matplotlib==3.11.2]\n  lock: requirements.txt\n"
    files = {"requirements.txt": lock} if lock else {}
    [found] = problems(text, **files)
    assert says in found[2]


def test_packages_need_a_lock(problems):
    [found] = problems("title: x\nimage:\n  pip: [matplotlib==3.11.2]\n")
    assert "`pip` needs a `lock`" in found[2]


def test_a_lock_names_packages_in_any_spelling(load):
    text = "title: x\nimage:\n  pip: ['Ruamel.YAML[x]==1.0']\n  lock: r.txt\n"
    assert load(text, **{"r.txt": "ruamel-yaml==1.0 \\\n    --hash=sha256:0\n"}).image.lock


@pytest.mark.parametrize(
    ("size", "expected"), [("512M", 2**29), ("1.5G", 3 * 2**29), ("2GiB", 2**31), ("1 TB", 2**40)]
)
def test_sizes_are_powers_of_1024(load, size, expected):
    assert load(f"title: x\nlab: {{memory: {size}}}\n").lab.memory_bytes == expected


def test_speakers_may_be_named_by_id(load):
    text = MINIMAL + "        speakers: [ann, Ben B]\npeople:\n  - {name: Ann A, id: ann}\n"
    found = load(text + "  - {name: Ben B, id: ben}\n")
    assert [found.person(name).name for name in ("ann", "Ben B")] == ["Ann A", "Ben B"]


def test_the_schema_describes_every_key():
    schema = course.json_schema()
    models = [schema, *schema["$defs"].values()]
    missing = [
        f"{model['title']}.{name}"
        for model in models
        for name, field in model.get("properties", {}).items()
        if not field.get("description")
    ]
    assert missing == []
    assert all(model["additionalProperties"] is False for model in models)


@pytest.mark.parametrize(("folder", "name"), [("My Course_2", "my-course-2"), ("日本", "course")])
def test_any_folder_name_gives_a_name_for_images_and_addresses(tmp_path, folder, name):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "course.yml").write_text("title: A course\n")
    assert course.load(tmp_path / folder).id == name
