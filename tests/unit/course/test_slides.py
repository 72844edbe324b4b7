"""A tutorial's slides: what was written for them, figures and exercises, and nothing else."""

import json

import nbformat
import pytest
from courseware import notebooks, tutorial
from courseware.errors import CourseError
from courseware.site import slides, tutorial_pages

PNG = (  # one grey pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
DOTS = '<svg xmlns="http://www.w3.org/2000/svg"/>'
TUTORIAL = """\
# One

The page's own text.

+++ {"tags": ["slide"]}

## First $x$

:::{note}
See [two](two.md), [the web](https://example.org/two.md),
[two](two.md) and [data](./x.txt).
:::

![Dots](dots.svg)

+++

## Exercise 1: find `x`

Find it.

```{code-cell} python
---
tags: [exercise]
syllab: {exercise: x}
---
x = None
```

```{code-cell} python
---
tags: [solution]
syllab: {exercise: x}
---
x = "the secret"
```

```{code-cell} python
---
tags: [check]
syllab: {exercise: x}
---
print(x)
```

```{code-cell} python
---
tags: [slide]
mystnb: {image: {alt: A dot}}
---
draw()
```

```{code-cell} python
paint()
```

+++ {"tags": ["slide"]}

## Second
"""
COURSE = "title: T\ntutorials: [{id: one, title: One}, {id: two, title: Two}]\n"
SLIDE = '+++ {"tags": ["slide"]}\n\n'
X = "syllab: {exercise: x}"
CODE = "```{{code-cell}} python\n---\n{}\n---\nx = 1\n```\n\n"


@pytest.fixture
def sources(load):
    """Makes the sources of the slides, of a run in which every cell drew and spoke."""

    def sources(text=TUTORIAL, *, run=True):
        files = {"one.md": text, "two.md": "# Two\n", "dots.svg": DOTS, "x.txt": "1 2"}
        files = {f"tutorials/{name}": content for name, content in files.items()}
        course = load(COURSE, **files)
        solved = notebooks.make(course)["solution/one.ipynb"]
        executed = nbformat.reads(solved.decode(), as_version=4)
        for cell in executed.cells:
            if cell.cell_type == "code":
                picture = nbformat.v4.new_output("display_data", {"image/png": PNG})
                cell.outputs = [picture, nbformat.v4.new_output("stream", text="was said")]
        outputs = tutorial_pages.outputs_of(solved, nbformat.writes(executed).encode())
        return slides.sources(tutorial.read_all(course)[0], outputs if run else {})

    return sources


def deck(made):
    return json.loads(made["slides/one.ipynb"])


def texts(made):
    return ["".join(c["source"]) for c in deck(made)["cells"] if c["cell_type"] == "markdown"]


def drawings(made):
    return [cell for cell in deck(made)["cells"] if cell["cell_type"] == "code"]


def test_slides_and_exercises_come_in_the_order_of_the_source(sources):
    first, exercise, second = texts(sources())
    assert first.startswith("# First $x$\n\n:::{note}\n")
    assert exercise.startswith("# Exercise 1: find `x`\n")
    assert "In your notebook: exercise <code>x</code>" in exercise
    assert second == "# Second"


def test_a_figure_is_on_the_last_written_slide_without_code_or_words(sources):
    made = sources()
    [drawing] = drawings(made)
    assert deck(made)["cells"][1] == drawing  # before the exercise
    assert drawing["metadata"]["mystnb"]["image"]["alt"] == "A dot"
    assert drawing["metadata"]["tags"] == ["remove-input"]
    [output] = drawing["outputs"]
    assert list(output["data"]) == ["image/png"]


def test_without_a_run_the_slide_stands_without_its_figure(sources):
    assert drawings(sources(run=False)) == []
    assert len(texts(sources(run=False))) == 3


def test_neither_solutions_nor_checks_nor_the_pages_text_are_on_slides(sources):
    everything = b"".join(sources().values())
    assert not [word for word in (b"secret", b"print(x)", b"own text") if word in everything]


def test_files_come_along_and_links_find_the_tutorials(sources):
    made = sources()
    assert made["slides/dots.svg"].decode() == DOTS
    assert made["slides/x.txt"] == b"1 2"
    first = texts(made)[0]
    assert first.count("[two](../tutorials/two.") == 2
    assert "[the web](https://example.org/two.md)" in first
    assert "[data](./x.txt)" in first


def test_the_lines_are_those_of_the_source(sources):
    lines = TUTORIAL.splitlines()
    shown = [lines[line + 1] for line in deck(sources())["metadata"]["source_map"]]
    assert shown == ["## First $x$", "---", "---", "## Second"]


def test_slides_are_in_no_contents_and_no_search(sources):
    metadata = deck(sources())["metadata"]
    assert metadata["orphan"]
    assert metadata["nosearch"]


def test_without_a_slide_of_the_authors_there_are_none(sources):
    only_an_exercise = TUTORIAL.replace('{"tags": ["slide"]}', "").replace("tags: [slide]", "")
    assert sources(only_an_exercise) == {}


def test_the_same_tutorial_gives_the_same_bytes(sources):
    assert sources() == sources()


def test_an_exercise_before_any_heading_has_a_title(sources):
    exercise, solution = (CODE.format(f"tags: [{part}]\n{X}") for part in ("exercise", "solution"))
    made = sources(exercise + solution + SLIDE + "## Slide\n")
    assert [text.split("\n")[0] for text in texts(made)] == ["# Exercise", "# Slide"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (SLIDE + "No title.\n", 3, "a slide has one heading, its title -> begin it with ##"),
        (SLIDE + "### Deep\n", 3, "a slide has one heading"),
        (SLIDE + "# High\n", 3, "a slide has one heading"),
        (SLIDE + "## Title\n\nWords\n---\n", 3, "a slide has one heading"),
        (CODE.format("tags: [slide]") + SLIDE + "## Late\n", 2, "there is no slide for this"),
        (CODE.format(f"tags: [exercise, slide]\n{X}") + CODE.format(f"tags: [solution]\n{X}"),
         2, "an exercise has its own slide"),
        (CODE.format(f"tags: [exercise]\n{X}") + CODE.format(f"tags: [solution, slide]\n{X}"),
         10, "a solution can't be on a slide"),
    ],
)  # fmt: skip
def test_tags_that_can_not_be_followed_name_their_line(sources, text, line, says):
    with pytest.raises(CourseError) as error:
        sources(text)
    [problem] = error.value.problems
    assert (problem.line, problem.key) == (line, "tags")
    assert problem.file.endswith("one.md")
    assert says in str(problem)
