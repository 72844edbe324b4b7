"""What an organiser sees while a command works, and the running of other programs."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from courseware.errors import UserError
from rich.console import Console
from rich.markup import escape
from rich.status import Status

console = Console(highlight=False, soft_wrap=True)


_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Step:
    """One line of progress: a title, what it is doing now and, at the end, its outcome."""

    def __init__(self, title: str, status: Status) -> None:
        self.title = title
        self.outcome = ""
        self._status = status

    def doing(self, what: str) -> None:
        """Show what the step is doing now (terminals only)."""
        self._status.update(f"{self.title}  [dim]{escape(what[:70])}[/]")


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show `title` while the block runs, then its outcome and the seconds it took."""
    started = time.monotonic()
    if not console.is_terminal:
        console.print(f"… {title}")
    with console.status(title) as status:
        current = Step(title, status)
        try:
            yield current
        except BaseException:
            console.print(f"[red]✗[/] {title}")
            raise
    seconds = time.monotonic() - started
    taken = f" [dim]({seconds:.0f} s)[/]" if seconds >= 1 else ""
    outcome = f": {escape(current.outcome)}" if current.outcome else ""
    console.print(f"[green]✓[/] {title}{outcome}{taken}")


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    current: Step,
    remedy: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a program, its output going to `log` and its last line to the step.

    Raises UserError with the last lines, the log's path and `remedy` when it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    last: list[str] = []
    with log.open("w", encoding="utf-8") as file:
        try:
            process = subprocess.Popen(
                [str(c) for c in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=env,
                cwd=cwd,
            )
        except FileNotFoundError as error:
            raise UserError(f"{command[0]}: not installed -> {remedy}") from error
        with process:
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            for coloured in process.stdout:
                line = _COLOUR.sub("", coloured)
                file.write(line)
                if line.strip():
                    last = [*last[-11:], line.rstrip()]
                    current.doing(line.strip())
    if process.returncode:
        shown = "\n".join(f"    {line}" for line in last)
        raise UserError(
            f"{current.title} failed ({Path(command[0]).name} answered {process.returncode}):\n"
            f"{shown}\n-> {remedy} (the whole log: {log})"
        )
