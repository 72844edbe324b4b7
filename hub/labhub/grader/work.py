"""Runs an exercise's official checks on a sandbox, in a process that does nothing else.

The process is forked from one that has imported pytest already, and which never reads what a
participant's code says; it has no token of the hub's in its environment.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
from dataclasses import asdict
from multiprocessing.connection import Connection
from socket import socket
from typing import Any

from courseware.grading.worker import Grading, Result
from courseware.grading.worker import grade as graded

GRACE = 15.0  # seconds for what isn't waiting for the sandbox
MEMORY = 3 * 2**30  # bytes, for reading what a hostile sandbox says
SPENT = "Your code could not be asked to the end: it returns too much"

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "numpy.random"])


def grade(connection: socket, job: dict[str, Any]) -> Grading:
    """The results of a job as `courseware.grading.worker` takes it, but for the descriptors.

    Waits for it. A grading that takes too long, or more than memory holds, has `failed`. Raises
    RuntimeError when the process that runs checks can't be started.
    """
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_work, args=(connection, job, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(job["seconds"] + GRACE):
            return Grading(failed=SPENT)
        said = json.loads(ours.recv_bytes())
    except EOFError:
        process.join()
        if process.exitcode and process.exitcode > 0:  # not killed: it could not even begin
            raise RuntimeError(f"the checks' process ended with {process.exitcode}") from None
        return Grading(failed=SPENT)
    finally:
        process.kill()
        process.join()
        ours.close()
    return Grading(**said | {"results": [Result(**each) for each in said["results"]]})


def _work(connection: socket, job: dict[str, Any], answer: Connection) -> None:
    sys.dont_write_bytecode = True  # a release stays as it was frozen
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    descriptor = connection.fileno()
    try:
        grading = graded(job | {"read": descriptor, "write": descriptor})
    except MemoryError:
        grading = Grading(failed=SPENT)
    except Exception as error:  # ours, not the participant's
        grading = Grading(broken=f"{type(error).__name__}: {error}")
    answer.send_bytes(json.dumps(asdict(grading)).encode())
