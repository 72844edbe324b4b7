"""What a request to one of our own servers may cost."""

from __future__ import annotations

from typing import Any

# For tornado's HTTPServer, whose own bounds are 100 MB and an hour. It keeps a whole body in
# memory before anybody asks who sends it, so a few requests of strangers would take all memory.
# What people, labs and the proxy do send is a few kB.
HTTP_SERVER: dict[str, Any] = {
    "max_body_size": 2**20,
    "max_buffer_size": 2**20,
    "body_timeout": 20,  # seconds for a body to arrive
    "idle_connection_timeout": 120,  # seconds without a (complete) request
}
