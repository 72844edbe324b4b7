"""A kernel of a lab, over its websocket, as JupyterLab has one.

The messages are those of https://jupyter-client.readthedocs.io/en/stable/messaging.html.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any

import websocket

from cloudlab.verify.findings import Failure

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ENDED = ("restarting", "dead")
_MEMORY = "see whether it needs more memory than a lab has, and what the lab's log says"


class Kernel:
    """A kernel that is running, at the other end of `socket`."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._session = uuid.uuid4().hex

    def run(self, source: str, until: float, cell: str = "") -> str:
        """Run code, that of the notebook's cell with the id `cell`; what it shows as text.

        Raises Failure when it raises something, or isn't done by then (`time.monotonic`).
        """
        request = self._request(source, cell)
        self._socket.send(json.dumps(request))
        shown: list[str] = []
        while True:
            message = self._receive(until)
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] in _ENDED:
                raise Failure("its kernel ended", _MEMORY)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            if kind == "error":
                said = f"{content['ename']}: {content['evalue']}".strip().split("\n")[-1]
                raise Failure(f"fails with {_COLOUR.sub('', said)}", _IMAGE)
            if kind == "status" and content["execution_state"] == "idle":
                return "".join(shown)
            shown.append(_text(kind, content))

    def _receive(self, until: float) -> Any:
        left = until - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            return json.loads(self._socket.recv())
        except (TimeoutError, websocket.WebSocketTimeoutException):
            remedy = "see whether the machine is overloaded, and what the lab's log says"
            raise Failure("isn't done in time", remedy) from None

    def _request(self, source: str, cell: str) -> dict[str, Any]:
        header = {
            "msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "",
            "session": self._session, "version": "5.3",
        }  # fmt: skip
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        return {
            "header": header, "parent_header": {}, "content": content, "channel": "shell",
            "metadata": {"cellId": cell} if cell else {},
        }  # fmt: skip


_IMAGE = "see that the course's image is the release's, and run `make notebooks`"


def _text(kind: str, content: dict[str, Any]) -> str:
    if kind == "stream":
        return str(content["text"])
    if kind in ("display_data", "update_display_data", "execute_result"):
        return str(content["data"].get("text/plain", "")) + "\n"
    return ""
