"""Certificates of participation: who gets one, and the page itself as a PDF file."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from tempfile import TemporaryDirectory
from typing import Final

import typst
from courseware.errors import UserError
from courseware.hub_settings import Certificate
from font_source_sans_pro import SourceSansPro, SourceSansProSemibold

from .table import Row, Table

PAGE = (files(__package__) / "certificate.typ").read_bytes()
# PDF/UA-1 is the PDF that screen readers can read, https://pdfa.org/resource/iso-14289-pdfua/.
# It forbids letters that no font has, so that these end in an error instead of empty boxes.
STANDARD: Final = "ua-1"
MISSING = "could not be displayed"


def earned(row: Row, table: Table, certificate: Certificate) -> bool:
    """Whether a participant gets one: by points, or by having attempted anything."""
    if certificate.share is None:
        return bool(row.grades)
    wanted = certificate.share / 100 * table.maximum
    return table.maximum > 0 and table.total(row) >= wanted - 1e-9  # sums of tenths aren't exact


class Printer:
    """Makes the pages. A context: fonts are read from a folder that is gone afterwards.

    Letters come from the font of the website's pictures and, where that lacks them, from this
    machine's fonts.
    """

    def __enter__(self) -> Printer:
        self._folder = TemporaryDirectory()
        # Not the package's own folder: it has each font in two formats, and any might be taken.
        for path in (SourceSansPro, SourceSansProSemibold):
            shutil.copy(path, self._folder.name)
        fonts = typst.Fonts(include_embedded_fonts=False, font_paths=[self._folder.name])
        self._compiler = typst.Compiler(b"", font_paths=fonts)
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def pdf(self, certificate: Certificate, name: str) -> bytes:
        """A participant's certificate, one landscape page of A4; the same input, the same bytes.

        Raises UserError when no font has all of its letters.
        """
        texts = certificate.model_dump() | {"name": " ".join(name.split())}
        try:
            return self._compiler.compile(  # type: ignore[return-value] # bytes for one page
                PAGE,
                format="pdf",
                sys_inputs={"certificate": json.dumps(texts)},
                pdf_standards=[STANDARD],
            )
        except typst.TypstError as error:
            if MISSING not in error.message:
                raise
            raise UserError(
                f"{texts['name']}: no font on this machine has all letters of this certificate ->"
                " install one, such as Debian's fonts-noto-core and fonts-noto-cjk, and repeat this"
            ) from None
