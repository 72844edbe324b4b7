"""The lab as official checks see it: a participant's functions and variables, as plain values."""

from __future__ import annotations

import json
import math
import os
import selectors
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..lab.values import decode, encode

LONGEST_ANSWER = 16 * 2**20  # bytes
LONGEST_SHOWN = 60  # characters of a participant's value in a message


class Gone(Exception):
    """The lab doesn't answer, or not as it should; nothing more can be asked."""


class Channel:
    """Asks `courseware.lab.answer` at the other end of two pipes; trusts nothing that it says."""

    def __init__(self, read: int, write: int, seconds: float) -> None:
        """`read` and `write` are file descriptors; `seconds` is the time for each answer."""
        self.read, self.write, self.seconds = read, write, seconds
        self._asked = 0
        self._heard = b""
        self._gone = ""

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """The answer to one request, as the lab gave it. Raises Gone."""
        if self._gone:
            raise Gone(self._gone)
        self._asked += 1
        request = json.dumps({"id": self._asked, "do": do, **what})
        try:
            os.write(self.write, request.encode() + b"\n")
            answer = json.loads(self._line())
        except (OSError, ValueError, RecursionError) as error:
            raise self._lost("it stopped answering") from error
        if not isinstance(answer, dict) or answer.get("id") != self._asked:
            raise self._lost("it answers what nobody asked")
        return answer

    def _line(self) -> bytes:
        """The next line, without its end."""
        until = time.monotonic() + self.seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.read, selectors.EVENT_READ)
            while b"\n" not in self._heard:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise self._lost(f"it took longer than {self.seconds:.0f} s")
                heard = os.read(self.read, 2**16)
                if not heard:
                    raise self._lost("it ended: did it call exit, or need too much memory?")
                self._heard += heard
                if len(self._heard) > LONGEST_ANSWER:
                    raise self._lost("it returns too much")
        line, self._heard = self._heard.split(b"\n", 1)
        return line

    def _lost(self, why: str) -> Gone:
        self._gone = why
        return Gone(why)


class Lab:
    """What an official check is given: it calls, reads, and draws its random inputs here.

    Whatever the participant's code does instead of giving what is asked for is an AssertionError
    whose message tells them so.
    """

    def __init__(self, channel: Channel, seed: int) -> None:
        self._channel = channel
        self.rng = np.random.default_rng(seed)
        """A random generator, seeded by the grader."""
        self.numbers: list[tuple[str, float]] = []
        """The numbers that were returned, with the function's name: for the report on a course."""

    def seed(self) -> int:
        """A fresh seed for a simulator, 1 to 2**31 - 1."""
        return int(self.rng.integers(1, 2**31))

    def call(self, name: str, *arguments: Any, **named: Any) -> Any:
        """What the participant's function of that name returns for plain values.

        None, a boolean, a number, text, a list, a dict, or an array.
        """
        return self._plain(
            name, "function", self._channel.ask(
                "call", name=name, arguments=encode(list(arguments)), named=encode(named)
            )
        )  # fmt: skip

    def value(self, name: str) -> Any:
        """What the participant's variable of that name holds, as `call` returns it."""
        return self._plain(name, "variable", self._channel.ask("value", name=name))

    def number(self, name: str, *arguments: Any, **named: Any) -> float:
        """What the function returns, which must be a finite number."""
        value = self.call(name, *arguments, **named)
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.item()
        if type(value) not in (int, float) or not math.isfinite(value):
            raise AssertionError(f"{name} returns {_shown(value)}: a number is needed.")
        self.numbers.append((name, float(value)))
        return float(value)

    def array(
        self, name: str, *arguments: Any, shape: tuple[int, ...] | None = None, **named: Any
    ) -> NDArray[np.float64]:
        """What the function returns: an array of finite numbers, of that shape if one is given."""
        value = self.call(name, *arguments, **named)
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            what = f"{name} returns {_shown(value)}: an array of numbers is needed."
            raise AssertionError(what) from None
        if shape is not None and array.shape != tuple(shape):
            what = f"{name} returns an array of shape {array.shape}: {tuple(shape)} is needed."
            raise AssertionError(what)
        if not np.isfinite(array).all():
            raise AssertionError(f"{name} returns values that are not numbers (nan or infinite).")
        return array

    def _plain(self, name: str, kind: str, answer: dict[str, Any]) -> Any:
        if "raised" in answer:
            message = f"{_line(answer['raised'], 60)}: {_line(answer.get('message'), 200)}"
            if answer["raised"] == "TypeError" and "plain data" in message:
                raise AssertionError(f"{name} returns {message.partition(': ')[2]}.")
            raise AssertionError(f"{name} fails with {message}")
        value = answer.get("value")
        if isinstance(value, dict) and value.get("missing") is True:
            raise AssertionError(f"There is no {kind} called {name}.")
        try:
            return decode(value["returned"])  # type: ignore[index] # what isn't one raises
        except (KeyError, TypeError, ValueError):
            raise AssertionError(f"{name} gives something that can't be read.") from None


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return _line(repr(value), LONGEST_SHOWN)


def _line(text: Any, longest: int) -> str:
    """A text of the participant's on one line, printable, and not too long."""
    line = " ".join(str(text).split())
    line = "".join(letter for letter in line if letter.isprintable())
    return line if len(line) <= longest else line[: longest - 1] + "…"
