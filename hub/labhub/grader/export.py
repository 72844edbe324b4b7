"""Writes grades and certificates: `python -m labhub.grader.export hub.json FOLDER`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from math import fsum
from pathlib import Path
from tempfile import mkdtemp

from courseware.errors import UserError
from courseware.hub_settings import Certificate, HubSettings

from ..accounts import Accounts
from .access import gradebook
from .certificates import Printer, earned
from .exercises import Exercises
from .table import Table, number, table

CERTIFICATES = "certificates"


def export(settings: HubSettings, folder: Path) -> str:
    """Write `grades.csv` and, if the course has them, `certificates/`; what to tell about them.

    Both are for their owner only, and are there wholly or as they were before. Certificates of
    who doesn't get one (any more) are not kept. Raises UserError.
    """
    with gradebook(settings) as book:
        exercises, accounts = Exercises(settings.release), Accounts(settings.users)
        found = table(book, exercises, accounts, settings.grading)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    new = Path(mkdtemp(dir=folder, prefix=".new-"))
    try:
        _write(new / "grades.csv", found.csv())
        told = [_summary(found)]
        if settings.grading.certificate is not None:
            told += _certificates(found, settings.grading.certificate, new / CERTIFICATES)
        os.replace(new / "grades.csv", folder / "grades.csv")
        _replace_folder(new, folder)
    finally:
        shutil.rmtree(new)
    return "\n".join(told)


def _certificates(found: Table, certificate: Certificate, folder: Path) -> list[str]:
    """Make them in the new folder; how many there are, and who lacks one that was earned."""
    folder.mkdir(mode=0o700)
    rows = [row for row in found.rows if earned(row, found, certificate)]
    failed = []
    with Printer() as printer:
        for row in rows:
            try:
                _write(folder / f"{row.username}.pdf", printer.pdf(certificate, row.name))
            except UserError as error:
                failed.append(f"No certificate for {row.username}: {error}")
    return [f"Certificates: {len(rows) - len(failed)}.", *failed]


def _replace_folder(new: Path, folder: Path) -> None:
    """The new certificates, or none, in the place of those that are there."""
    if (folder / CERTIFICATES).exists():
        os.rename(folder / CERTIFICATES, new / "old")
    if (new / CERTIFICATES).exists():
        os.rename(new / CERTIFICATES, folder / CERTIFICATES)


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _summary(found: Table) -> str:
    return " ".join(_sentences(found))


def _sentences(found: Table) -> Iterator[str]:
    totals = [found.total(row) for row in found.rows if row.grades]
    yield f"Participants: {len(found.rows)}, of whom {len(totals)} attempted an exercise."
    if totals:
        mean = fsum(totals) / len(totals)
        yield f"Their mean is {mean:.1f} of {number(found.maximum)} points."
    grades = [(key, grade) for row in found.rows for key, grade in row.grades.items()]
    if waiting := sum(grade.waiting for _, grade in grades):
        yield f"Submissions without a result yet: {waiting}; repeat this when they have one."
    counting = [(key, grade) for key, grade in grades if grade.received is not None]
    if other := sum(grade.maximum != found.maxima[key] for key, grade in counting):
        yield f"Results with another maximum than the checks give now: {other}; run make regrade."


def main() -> None:
    """Export as the command line says; a UserError ends it with its text."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m labhub.grader.export hub.json FOLDER")
    try:
        print(export(HubSettings.read(Path(sys.argv[1])), Path(sys.argv[2])))
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
