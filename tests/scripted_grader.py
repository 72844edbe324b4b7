"""A grader that speaks the real one's interface, and says what a test has it say.

The real grader is tested where it lives, in the hub's tests.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-secret-token-of-a-lab"
PASSED = {"points": 1.0, "maximum": 1.0, "message": "", "hint": ""}


def queued(place):
    return {"state": "queued", "place": place}


def graded(*checks, failed=""):
    checks = [PASSED | check for check in checks] or [PASSED]
    points, maximum = (sum(check[key] for check in checks) for key in ("points", "maximum"))
    progress = {"points": 4 + points, "maximum": 14.0, "exercises": []}
    return {
        "state": "graded",
        "points": points,
        "maximum": maximum,
        "failed": failed,
        "checks": checks,
        "progress": progress,
    }


RUNNING, BROKEN = {"state": "running"}, {"state": "broken"}


class ScriptedGrader:
    """Each submission goes through `states`: the first is the answer to it, and each question
    gets the next. `answer` = (status, body, headers) is given to every request instead."""

    def __init__(self):
        self.states = [queued(1), RUNNING, graded()]
        self.scripts = {}  # states of certain exercises
        self.answer = None
        self.hook = lambda request: None
        self.attempts, self.requests, self.tokens = {}, [], set()
        self.tutorials = []
        self.server, self.port = None, 0
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        grader = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                grader.handle(self)

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def handle(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length)) if length else None
        self.requests.append((request.command, request.path, body))
        self.tokens.add(request.headers["Authorization"])
        self.hook(request)
        status, content, headers = self.answer or (200, self.respond(request.path, body), {})
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def respond(self, path, body):
        if body is not None:
            states = list(self.scripts.get(body["exercise"], self.states))
            new = body | {"id": len(self.attempts) + 1, "states": states}
            return self._attempt(self.attempts.setdefault(body["key"], new))
        if path == "/progress":
            return {"tutorials": self.tutorials}
        number = int(urlsplit(path).path.rpartition("/")[2])
        found = next(each for each in self.attempts.values() if each["id"] == number)
        after = parse_qs(urlsplit(path).query)["after"][0]
        if len(found["states"]) > 1 and after == self._seen(found):
            found["states"].pop(0)
        return self._attempt(found)

    def _seen(self, attempt):
        state = attempt["states"][0]
        return f"{state['state']} {state['place']}" if "place" in state else state["state"]

    def _attempt(self, attempt):
        about = {key: attempt[key] for key in ("id", "tutorial", "exercise", "key")}
        state = dict(attempt["states"][0])
        if "progress" in state:
            state["progress"] = {"tutorial": attempt["tutorial"]} | state["progress"]
        return about | {"number": 1} | state

    def submitted(self):
        """The bodies of all submissions, the same key once."""
        sent = {body["key"]: body for method, _, body in self.requests if method == "POST"}
        return list(sent.values())
