"""Benchmarks: ours beside what people use now, on the same content, in the same run.

Modules that have a `run() -> Comparison` are benchmarks. `make bench` runs them all, and
`make bench BENCH=name` one of them.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One measured thing: its value for ours and for the baselines that have one, in `unit`.

    None is what was never reached. The rows that count most are `marked`.
    """

    what: str
    unit: str
    ours: float | None
    baselines: tuple[float | None, ...]
    marked: bool = False


@dataclass
class Comparison:
    """The outcome of a benchmark; `ours` and `baselines`, by short names, say what was compared."""

    ours: str
    baselines: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self, what: str, unit: str, ours: float | None, *baselines: float | None,
        marked: bool = False,
    ) -> None:  # fmt: skip
        """Add a row, with a value for each baseline or for ours alone."""
        self.rows.append(Row(what, unit, ours, baselines, marked))

    def show(self, console: Console) -> None:
        """Print it as a table."""
        title = "\nbeside ".join([self.ours, *self.baselines.values()])
        table = Table("", "", "ours", *self.baselines, title=title)
        for column in table.columns[2:]:
            column.justify = "right"
        for row in self.rows:
            what, style = (f"* {row.what}", "bold") if row.marked else (row.what, None)
            values = map(_shown, (row.ours, *row.baselines))
            table.add_row(what, row.unit, *values, style=style)
        console.print(table)
        for note in self.notes:
            console.print(f"note: {note}", markup=False, highlight=False)

    def write(self, path: Path) -> None:
        """Write it as JSON, with the time and the machine."""
        machine = {"processors": os.cpu_count(), "system": platform.platform()}
        found = {"measured": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine}
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found | asdict(self), indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def _shown(value: float | None) -> str:
    if value is None:
        return "never"
    return str(value) if isinstance(value, int) else f"{value:.1f}"
