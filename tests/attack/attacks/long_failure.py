"""A failure of megabytes with NUL, lone surrogates, terminal codes and HTML in it."""

import sys


def local(name):
    frame = sys._getframe()
    while name not in frame.f_locals:
        frame = frame.f_back
    return frame


text = "\0\ud800\u202e\x1b[2J\r\n<script>alert(1)</script>" * 50_000
local("answerer").f_locals["answerer"].answer = lambda request: {"raised": text, "message": text}
