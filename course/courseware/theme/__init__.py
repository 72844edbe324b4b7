"""The website's theme, and what Jupyter Book needs to render with it.

Runs in Jupyter Book's environment. Pages load nothing but one style sheet and, where there is
something for them to do, our small scripts; they are readable without those.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import imagesize
from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx_revealjs.utils import get_internal_static_path

from . import references

# What notebooks show and docutils' converter knows by another name.
SYNONYMS = {
    r"\\dots\b": r"\\ldots",
    r"\\bm\b": r"\\boldsymbol",
    r"\\iff\b": r"\\Longleftrightarrow",
    r"\\(begin|end)\{align\*?\}": r"\\\1{aligned}",
    # It would put an accented letter's index below the letter.
    r"(\\(?:bar|hat|tilde|vec|d?dot|overline) *(?:\{[^{}]*\}|\\?[a-zA-Z]+))(?=[_^])": r"\1{}",
}
HERE = Path(__file__).parent
REVEAL = [
    get_internal_static_path() / "revealjs" / "dist" / name for name in ("reveal.css", "reveal.js")
]
log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the theme `syllab`, the math renderer `mathml` and the citation style `syllab`."""
    references.register()
    app.add_html_theme("syllab", str(HERE))
    inline, block = partial(_math, block=False), partial(_math, block=True)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.add_node(nodes.image, override=True, html=(_image, lambda self, node: None))
    app.add_node(nodes.container, override=True, html=(_container, _close))
    app.add_node(HideCodeCellNode, override=True, html=(_fold, depart_HideCellInput))
    app.connect("config-inited", _add_reveal)
    app.connect("html-page-context", _page)
    # What the static files were when a page was rendered is part of the page.
    app.add_config_value("syllab_assets", _digest(), "html")
    # Jupyter Book sets this for an extension that is left out.
    app.add_config_value("comments_config", {}, "env")
    return {"version": _digest(), "parallel_read_safe": True, "parallel_write_safe": True}


def _digest() -> str:
    total = hashlib.sha256()
    for file in [*sorted(HERE.rglob("*.*")), *REVEAL]:
        if "__pycache__" not in file.parts:
            total.update(file.read_bytes())
    return total.hexdigest()[:8]


def _add_reveal(app: Sphinx, config: Config) -> None:
    """reveal.js, without its plugins, themes and fonts, beside the theme's own static files."""
    config.html_static_path += [str(file) for file in REVEAL]


def _math(self: Any, node: nodes.Element, *, block: bool) -> None:
    """A formula as MathML, which browsers show by themselves."""
    formula = node.astext()
    for known, synonym in SYNONYMS.items():
        formula = re.sub(known, synonym, formula)
    try:
        made = re.sub(r"\n\s*", "", tex2mathml(formula, as_block=block))
    except (MathError, LookupError) as error:  # the latter for an unexpected argument
        log.warning("this formula can't be shown: %s", error, location=node)
        made = ""
    if block:
        # In reach of the keyboard: a wide one scrolls.
        made = f'<div class="math" tabindex="0" role="group" aria-label="Equation">{made}</div>\n'
    self.body.append(made)
    raise nodes.SkipNode


def _fold(self: Any, node: HideCodeCellNode) -> None:
    """Something to open: with one name, which is what is read out as well."""
    self.body.append(f'<details class="fold"><summary>{escape(node["prompt_show"])}</summary>\n')


def _container(self: Any, node: nodes.container) -> None:
    """Most are cells. An exercise's can be linked to, and has a place for how it stands.

    The id has a colon, which those of headings never have.
    """
    metadata = node.get("cell_metadata", {})
    if "exercise" not in metadata.get("tags", []):
        self.body.append(self.starttag(node, "div", CLASS="docutils container"))
        return
    name = metadata["syllab"]["exercise"]
    marks = {"ids": [f"exercise:{name}"], "data-exercise": name}
    self.body.append(self.starttag(node, "div", CLASS="docutils container", **marks))
    self.body.append('<span class="state"></span>\n')


def _close(self: Any, node: nodes.container) -> None:
    self.body.append("</div>\n")


def _image(self: Any, node: nodes.Element) -> None:
    """An image with its size, so that nothing jumps, loaded when it comes into view."""
    address = node["uri"]
    name = self.builder.images.get(address)
    source = f"{self.builder.imgpath}/{name}" if name else address
    size = ""
    file = Path(self.builder.srcdir) / unquote(address)
    if name and file.is_file():
        width, height = imagesize.get(file)
        size = f' width="{width}" height="{height}"' if width > 0 else ""
    # Without a text it is at least no file name that is read out.
    alt = node.get("alt", "")
    alt = "" if alt == address else alt
    self.body.append(
        f'<img src="{self.attval(source)}" alt="{self.attval(alt)}"{size} loading="lazy">'
    )


def _page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> str | None:
    """What the layout needs to know about a page; the layout itself if it isn't the usual one."""
    body = context.get("body", "")
    slides = pagename.startswith("slides/")
    if slides:
        # All of them: the line of a lecture hall may be gone when a slide's turn comes.
        body = body.replace(' loading="lazy"', "")
    # Code scrolls sideways on small screens: in reach of the keyboard, too.
    context["body"] = body.replace("<pre>", '<pre tabindex="0">')
    context["assets"] = app.config.syllab_assets
    context["has_code"] = "<pre" in body
    context["has_times"] = 'class="schedule"' in body or 'class="countdown"' in body
    context["exercises"] = body.count(' data-exercise="')
    context["has_contents"] = len(re.findall(r"<li>", context.get("toc", ""))) > 3
    return "slides.html" if slides else None
