"""MyST in plain Markdown: what a notebook can't render is turned into what it can, or reported."""

import pytest
from courseware import myst


def converted(text):
    found = myst.plain(text)
    assert found.problems == []
    return "\n".join(found.lines)


@pytest.mark.parametrize("fence", [":::", "```", "::::"])
def test_admonitions_become_quotes(fence):
    text = f"a\n{fence}{{note}}\n:class: dropdown\nSee **this**.\n{fence}\nb"
    assert converted(text) == "a\n> **Note**\n>\n> See **this**.\nb"


def test_admonitions_nest_and_have_titles():
    text = "::::{tip} Try it\n:::{math}\nx = 1\n:::\n::::"
    assert converted(text) == "> **Try it**\n>\n> $$\n> x = 1\n> $$"


def test_roles_comments_and_targets():
    assert (
        converted("{math}`x^2` in {doi}`10.1/a`") == "$x^2$ in [doi:10.1/a](https://doi.org/10.1/a)"
    )
    assert converted("% the answer is 42\n(label)=\n# Title") == "# Title"


def test_code_is_left_alone():
    text = "```python\n# {math}`x`\n% magic\n```\n`{math}` is a role"
    assert converted(text) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n\n```{figure} x.png\n```", 3),
        ("a\nsee {cite}`b`", 2),
        (":::{note}\nx\n{ref}`y`\n:::", 3),
    ],
)
def test_what_it_cannot_say_is_reported_with_its_line(text, line):
    [problem] = myst.plain(text).problems
    assert problem[0] == line
    assert "a notebook can't show" in problem[1]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\n```{code-cell}\nx", 2), (":::{note}\nx\n", 1), ("~~~\n```\n~~~\n", None)],
)
def test_unclosed_fences(text, line):
    assert myst.unclosed(text) == line


def test_sections_begin_at_headings_but_not_in_code():
    lines = ["a", "# B", "```", "# no", "```", "## C", "d"]
    assert myst.sections(lines) == [
        (0, "a"),
        (1, "# B\n```\n# no\n```"),
        (5, "## C\nd"),
    ]
