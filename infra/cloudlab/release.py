"""A release: the course frozen into one folder, which a hub runs and names."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from courseware.course import Course
from courseware.errors import UserError

from cloudlab import kernel
from cloudlab.digest import file_sha256, files_below, inputs_sha256
from cloudlab.workspace import REPOSITORY, Workspace

LOCKS = {
    "book": "course/requirements.txt",
    "hub": "hub/requirements.txt",
    "infra": "infra/requirements.txt",
    "lab": "images/lab/requirements.txt",
}


def freeze(course: Course, workspace: Workspace, image_id: str, image_tag: str) -> Path:
    """Freeze site, notebooks, checks, locks and image ID; answer the release's folder.

    The name is the course's and a digest of the content, so the same course gives the same
    release, which is then left as it is. The folder appears whole or not at all.
    """
    workspace.releases.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=workspace.releases, prefix=".new-"))
    try:
        _copy_content(course, workspace, staging)
        digest = inputs_sha256([staging], image_id, version("syllab"))
        folder = workspace.releases / f"{course.id}-{digest[:10]}"
        manifest = {
            "release": folder.name,
            "course": course.id,
            "version": version("syllab"),
            "image": {"id": image_id, "tag": image_tag},
            "tutorials": [each.id for each in course.tutorials],
            "files": {str(f.relative_to(staging)): file_sha256(f) for f in files_below(staging)},
        }
        text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        (staging / "manifest.json").write_text(text)
        if folder.exists():
            verify(folder)
            return folder
        os.rename(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def verify(folder: Path) -> None:
    """Raise UserError when a release's files are not those its manifest names."""
    try:
        named = json.loads((folder / "manifest.json").read_text())["files"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{folder}/manifest.json can't be read ({error}) -> {_AGAIN}") from error
    found = {str(f.relative_to(folder)): file_sha256(f) for f in files_below(folder)}
    found.pop("manifest.json")
    changed = sorted(
        name for name in named.keys() | found.keys() if named.get(name) != found.get(name)
    )
    if changed:
        raise UserError(f"{folder}: changed since it was frozen: {', '.join(changed)} -> {_AGAIN}")


_AGAIN = "remove that folder and run make release"


def _copy_content(course: Course, workspace: Workspace, folder: Path) -> None:
    for name, source in {"site": workspace.site, "notebooks": workspace.notebooks}.items():
        # What the runs printed is in the site; the rest of them may differ from run to run.
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("executed", "gates"))
    shutil.copy(course.folder / "course.yml", folder / "course.yml")
    kernel.write(course, folder / "kernel")
    locks = {name: REPOSITORY / path for name, path in LOCKS.items()}
    locks["recipe"] = REPOSITORY / "images" / course.image.recipe / "requirements.txt"
    if course.image.lock:
        locks["course"] = course.folder / course.image.lock
    (folder / "requirements").mkdir()
    for name, lock in locks.items():
        if lock.exists():
            shutil.copy(lock, folder / "requirements" / f"{name}.txt")
