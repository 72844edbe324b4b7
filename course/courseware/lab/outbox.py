"""Keeps submissions in the home while the grader is down, and sends them later."""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .grader import Busy, Down, Grader, Refused

FOLDER = ".local/share/syllab/submissions"  # below the home
THREAD = "sends what was kept"
MOST = 100  # submissions that are kept, the newest ones
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds between attempts to send


@dataclass
class Delivery:
    """What came of sending what was kept: notes for the participant; why the grader can't be
    reached, if so; and how many seconds it asked to be left alone."""

    notes: list[str] = field(default_factory=list)
    unreachable: Down | None = None
    wait: int = 0


class Outbox:
    """The submissions kept in a folder, a file each; several kernels may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._sending = False
        self._news: list[str] = []

    def keep(self, submission: dict[str, Any]) -> None:
        """Keep a submission, at the cost of the oldest if there are too many. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = self.folder / f"{submission['key']}.json"
        part = whole.with_suffix(".part")
        try:
            part.write_text(json.dumps(submission), encoding="utf-8")
            part.replace(whole)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        for path in self._files()[:-MOST]:
            path.unlink(missing_ok=True)

    def kept(self) -> list[dict[str, Any]]:
        """The submissions that are kept, the oldest first; without what can't be read."""
        submissions = []
        for path in self._files():
            with suppress(OSError, ValueError, RecursionError):
                submission = json.loads(path.read_text(encoding="utf-8"))
                if _is_submission(submission, path.stem):
                    submissions.append(submission)
        return submissions

    def send(self, grader: Grader) -> Delivery:
        """Send what is kept, the oldest first."""
        delivery = Delivery()
        troubles = 0
        for submission in self.kept():
            name = f"{submission['tutorial']}, {submission['exercise']}, kept earlier"
            try:
                grader.submit(submission)
                delivery.notes.append(f"{name}: sent. progress() shows the result.")
            except Refused as error:
                delivery.notes.append(f"{name}: {error}")
            except Busy as error:
                delivery.wait = error.seconds
                break
            except Down as error:
                troubles += 1
                delivery.unreachable = None if error.answered else error
                # One that the grader stumbles over must not hold up the others.
                if delivery.unreachable or troubles > 1:
                    break
                continue
            with suppress(OSError):
                (self.folder / f"{submission['key']}.json").unlink(missing_ok=True)
        return delivery

    def send_later(self, grader: Grader) -> None:
        """Send what is kept from a thread of this process, until nothing is left."""
        with self._lock:
            if self._sending:
                return
            self._sending = True
        threading.Thread(
            target=self._keep_sending, args=(grader,), name=THREAD, daemon=True
        ).start()

    def news(self) -> list[str]:
        """Notes on what was sent from the thread; each is given once."""
        return [self._news.pop(0) for _ in range(len(self._news))]

    def _keep_sending(self, grader: Grader) -> None:
        pause = FIRST_PAUSE
        while self._anything_left():
            # Not all labs at the same time, when the grader comes back.
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            delivery = self.send(grader)
            self._news.extend(delivery.notes)
            pause = max(min(2 * pause, LONGEST_PAUSE), delivery.wait)

    def _anything_left(self) -> bool:
        with self._lock:
            self._sending = bool(self.kept())
            return self._sending

    def _files(self) -> list[Path]:
        """The files of kept submissions, the oldest first; none if the folder can't be read."""
        found = []
        with suppress(OSError):
            for path in self.folder.glob("*.json"):
                with suppress(OSError):  # sent by another kernel meanwhile
                    if path.is_file() and not path.is_symlink():
                        found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found)]


def _is_submission(value: Any, key: str) -> bool:
    return (
        isinstance(value, dict)
        and value.get("key") == key
        and isinstance(value.get("tutorial"), str)
        and isinstance(value.get("exercise"), str)
        and isinstance(value.get("cells"), dict)
        and all(isinstance(source, str) for source in value["cells"].values())
    )
