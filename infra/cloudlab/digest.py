"""Digests of files, by which things already made are recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

SKIPPED = {"__pycache__", ".ipynb_checkpoints"}


def files_below(folder: Path) -> list[Path]:
    """Every file below `folder`, in a fixed order, caches left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not SKIPPED.intersection(path.relative_to(folder).parts)
    )


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inputs_sha256(paths: Iterable[Path], *words: str) -> str:
    """The SHA-256 over files and folders (names and bytes) and further words."""
    total = hashlib.sha256()
    for word in words:
        total.update(word.encode() + b"\0")
    for path in paths:
        for file in files_below(path) if path.is_dir() else [path]:
            name = file.relative_to(path) if path.is_dir() else file.name
            total.update(f"{name}\0{file_sha256(file)}\0".encode())
    return total.hexdigest()
