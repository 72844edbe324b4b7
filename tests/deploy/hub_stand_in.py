"""Stands in for a hub at 127.0.0.1:8000: says what it was asked, and echoes on websockets."""

from __future__ import annotations

import base64
import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class StandIn(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.echo()
            return
        answer = json.dumps({"path": self.path, **self.headers}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_HEAD = do_GET

    def echo(self) -> None:
        """Accept a websocket, send its first short message back, and close it."""
        key = hashlib.sha1(
            (self.headers["Sec-WebSocket-Key"] + MAGIC).encode(), usedforsecurity=False
        )
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(key.digest()).decode())
        self.end_headers()
        length = self.rfile.read(2)[1] & 0x7F
        mask, masked = self.rfile.read(4), self.rfile.read(length)
        message = bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))
        self.wfile.write(bytes([0x81, length]) + message)
        self.close_connection = True


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8000), StandIn).serve_forever()
