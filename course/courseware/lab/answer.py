"""Runs a participant's cells and answers questions about what they defined.

    python -m courseware.lab.answer [SOCKET]

reads one request a line (JSON) and answers each with a line that bears its `id`: `run` a cell,
`call` a function, tell a variable's `value`, tell the processor time and memory `used`. It runs
where the participant's code runs, so nobody may trust it: it gives values, never a verdict.
It talks by its standard input and output, or by the Unix socket of that path; it connects when
it is ready, with the modules imported that SYLLAB_PRELOAD names.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import socket
import sys
from typing import Any, TextIO

from courseware.lab.values import decode, encode

LONGEST_MESSAGE = 300  # characters of an exception's message


def main() -> None:
    """Answer until nobody asks any more."""
    answerer = Answerer()
    for module in os.environ.get("SYLLAB_PRELOAD", "").split():
        importlib.import_module(module)
    requests, answers = _streams()
    # What the cells print goes nowhere, by whichever way.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    for line in requests:
        request = json.loads(line)
        answers.write(json.dumps({"id": request["id"], **answerer.answer(request)}) + "\n")
        answers.flush()


def _streams() -> tuple[TextIO, TextIO]:
    if len(sys.argv) == 1:
        return os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    return connection.makefile("r"), connection.makefile("w")


class Answerer:
    """The participant's names, and what may be asked about them."""

    def __init__(self) -> None:
        # Cells are what IPython takes, magics among it.
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        class Shell(InteractiveShell):
            def enable_gui(self, gui: str | None = None) -> None:
                """For `%matplotlib`: nobody looks at figures here."""

        config = Config()
        config.HistoryManager.enabled = False
        self.shell = Shell.instance(config=config)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the request asks for, or what was raised: {"raised": type, "message": text}."""
        try:
            return {"value": getattr(self, f"_{request['do']}")(request)}
        except BaseException as error:
            return {"raised": type(error).__name__, "message": str(error)[:LONGEST_MESSAGE]}

    def _run(self, request: dict[str, Any]) -> None:
        self.shell.run_cell(request["source"], store_history=False).raise_error()

    def _call(self, request: dict[str, Any]) -> Any:
        function = self.shell.user_ns.get(request["name"])
        if not callable(function):
            return {"missing": True}
        arguments, named = decode(request["arguments"]), decode(request["named"])
        return {"returned": encode(function(*arguments, **named))}

    def _value(self, request: dict[str, Any]) -> Any:
        if request["name"] not in self.shell.user_ns:
            return {"missing": True}
        return {"returned": encode(self.shell.user_ns[request["name"]])}

    def _used(self, request: dict[str, Any]) -> dict[str, float]:
        """Processor time in seconds and peak memory in bytes, of this process and its children."""
        usage = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        cpu = sum(each.ru_utime + each.ru_stime for each in usage)
        return {"cpu": cpu, "memory": max(each.ru_maxrss for each in usage) * 1024}


if __name__ == "__main__":
    main()
