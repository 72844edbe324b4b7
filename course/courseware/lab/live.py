"""An output that is rewritten in place in a notebook."""

from __future__ import annotations

import sys
from typing import Any


class Live:
    """One output. Where there is no notebook, what is new of its text is printed below."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._lines: list[str] = []

    def show(self, text: str, markup: str) -> None:
        """Show this instead of what was shown before; the markup is HTML."""
        if not _in_notebook():
            self._print(text.split("\n"))
            return
        from IPython.display import display

        data = {"text/plain": text, "text/html": markup}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def _print(self, lines: list[str]) -> None:
        before = self._lines + [""] * len(lines)
        new = [line for line, old in zip(lines, before, strict=False) if line != old]
        self._lines = lines
        if new:
            print("\n".join(new), flush=True)


def _in_notebook() -> bool:
    # Looked up, not imported: outside of IPython there is nothing to show HTML. Only the shell
    # of a Jupyter kernel has a kernel.
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
