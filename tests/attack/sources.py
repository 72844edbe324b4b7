"""The scripted attacks and the controls: sources of an exercise's cell by name."""

from __future__ import annotations

from pathlib import Path

EXERCISES = ("fi_curve", "balance")  # a file whose name begins with one is for it
FIRST = "rheobase"  # what all others are for
END = '\ndef rheobase(C_m, tau_m, E_L, V_th):\n    return float("nan")\n'

# What no formatter would leave alone.
HOSTILE = {
    "right_to_left": "\u202e# kcehc ssap\u202d\nx = '\u2066\u2067\ufeff'" + END,
    "line_of_60_kb": "x = '" + "a" * 60_000 + "'" + END,
    "deep_brackets": "x = " + "(" * 25_000 + ")" * 25_000 + END,
    "bash_cell": "%%bash\nfor fd in /proc/*/fd/*; do echo '{\"passed\": true}' > $fd; done\nexit 0",
    "cat_and_run": "!cat /proc/1/environ\n%run /proc/1/environ\n%load_ext passed" + END,
    "line_ends": "x = 1\r\rx = 2\x0c\x0b\u2028\u2029\x85" + END,
    "nothing": "",
}


def exercise(name: str) -> str:
    """The exercise that the file of that name is for."""
    return next((each for each in EXERCISES if name.startswith(each)), FIRST)


def files(folder: str) -> dict[str, str]:
    """The sources of a folder beside this file."""
    found = sorted((Path(__file__).parent / folder).glob("*.py"))
    return {path.stem: path.read_text(encoding="utf-8") for path in found}
