"""When a notebook is run again, what is kept of the run, and where its code was written."""

from __future__ import annotations

import nbformat
import pytest
from cloudlab import execution
from courseware import tutorial
from courseware.course import Lab
from docker.models.images import Image

SOURCE = """# Title

```{code-cell} python
:tags: [setup]

import math

radius = 2
```

```{code-cell} python
---
tags: [exercise]
syllab: {exercise: area}
---
area = None
```

```{code-cell} python
---
tags: [solution]
syllab: {exercise: area}
---
square = radius**2
area = math.pi * square
```

```{code-cell} python
area = None
```
"""
LINES = SOURCE.splitlines()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "circle.md"
    path.write_text(SOURCE)
    return tutorial.read("circle", path)


def notebook(*outputs):
    cell = nbformat.v4.new_code_cell("print(1)", id="one", outputs=list(outputs))
    return nbformat.v4.new_notebook(
        cells=[cell],
        metadata={"syllab": {"tutorial": "circle"}, "used": {"cpu": [0.5], "memory": 9}},
    )


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def image(*layers, env=("PATH=/bin",)):
    return Image(attrs={"RootFS": {"Layers": list(layers)}, "Config": {"Env": list(env)}})


@pytest.mark.parametrize(
    ("part", "line", "told"),
    [
        (None, 3, LINES.index("radius = 2") + 1),
        ("exercise", 2, LINES.index("area = math.pi * square") + 1),
        ("exercise", None, LINES.index("tags: [solution]")),  # at the line before
    ],
)
def test_a_line_is_that_of_the_code_in_the_source(source, part, line, told):
    cell = next(c for c in source.cells if c.node.cell_type == "code" and c.part == part)
    assert execution.line_of(source, cell.node.id, line) == told


def test_code_like_another_cells_is_told_apart(source):
    last = source.cells[-1]
    assert execution.line_of(source, last.node.id, 1) == len(LINES) - 1


def test_a_notebook_is_run_again_when_it_or_its_lab_changed(tmp_path):
    path = tmp_path / "one.ipynb"
    path.write_text("{}")
    first = execution.made_from(path, Lab(), image("a", "b", "students"))
    assert execution.made_from(path, Lab(), image("a", "b", "students'")) == first
    path.write_text("{ }")
    changed = [
        execution.made_from(path, Lab(), image("a", "b", "students")),
        execution.made_from(path, Lab(), image("a", "c", "students")),
        execution.made_from(path, Lab(), image("a", "b", "students", env=["PATH=/usr/bin"])),
        execution.made_from(path, Lab(memory="2G"), image("a", "b", "students")),
        execution.made_from(path, Lab(cpus=2), image("a", "b", "students")),
    ]
    assert len({first, *changed}) == 6


def test_the_same_run_gives_the_same_bytes_however_its_text_came_in():
    figure = nbformat.v4.new_output("display_data", {"text/plain": "Figure"})
    one = notebook(printed("a"), printed("b\n"), printed("c", "stderr"), figure, printed("d"))
    other = notebook(printed("ab\n"), printed("c", "stderr"), figure, printed("d"))
    bytes_of_one = execution.finished(one, "digest")
    assert execution.finished(other, "digest") == bytes_of_one
    kept = nbformat.reads(bytes_of_one.decode(), as_version=4)
    assert kept.metadata.syllab == {
        "tutorial": "circle",
        "made_from": "digest",
        "used": {"cpu": [0.5], "memory": 9},
    }
    texts = [output.get("text", "figure") for output in kept.cells[0].outputs]
    assert texts == ["ab\n", "c", "figure", "d"]
