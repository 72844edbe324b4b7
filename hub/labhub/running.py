"""Which containers run, as the engine tells by itself: no question for each lab and poll."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from logging import Logger
from typing import Any

from docker import APIClient
from docker.errors import DockerException
from requests.exceptions import RequestException

AGAIN = 1.0  # seconds until the engine is asked again after it broke off


class Running:
    """The running containers with a label, kept up to date in a thread by the engine's events.

    https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemEvents
    """

    def __init__(self, connect: Callable[[], APIClient], label: str, log: Logger) -> None:
        self._connect = connect
        self._label = label
        self._log = log
        self._known: set[str] = set()
        threading.Thread(target=self._follow, name="engine-events", daemon=True).start()

    def includes(self, container: str) -> bool:
        """Whether it runs for sure. False also while the engine doesn't tell: ask it then."""
        return container in self._known

    def _follow(self) -> None:
        told = False
        while True:
            try:
                self._listen(self._connect())
                told = False
            except (DockerException, RequestException, OSError, ValueError) as error:
                if not told:  # and not every second
                    self._log.warning("The engine's events broke off: %s", error)
                told = True
            self._known = set()
            time.sleep(AGAIN)

    def _listen(self, client: APIClient) -> None:
        wanted = {"type": "container", "event": ["start", "die"], "label": self._label}
        # First the events, then who runs: nobody who ends in between is missed.
        events = client.events(decode=True, filters=wanted)
        now = client.containers(filters={"label": self._label}, quiet=True)
        self._known = {each["Id"] for each in now}
        for event in events:
            self._note(event)

    def _note(self, event: dict[str, Any]) -> None:
        if event["Action"] == "start":
            self._known.add(event["Actor"]["ID"])
        else:
            self._known.discard(event["Actor"]["ID"])
