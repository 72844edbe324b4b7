"""The lab as official checks see it: a participant's functions and variables, as plain values."""

from __future__ import annotations

import builtins
import json
import math
import os
import reprlib
import secrets
import selectors
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..lab.values import decode, encode

PLAIN = "numbers, text, lists, dicts and arrays"
LONGEST_SHOWN = 200  # characters of what a participant's code said
LONGEST_ANSWER = 6 * 2**20  # bytes: the largest array that values may hold, in base64
# Names of errors that say nothing but what happened; a participant's own may say anything.
KNOWN_ERRORS = {
    name
    for name, thing in vars(builtins).items()
    if isinstance(thing, type) and issubclass(thing, BaseException)
}


class Gone(Exception):
    """The lab doesn't answer, or not as it should; nothing more can be asked."""


class Channel:
    """Asks `courseware.lab.answer` at the other end of two pipes; trusts nothing that it says."""

    def __init__(self, read: int, write: int, seconds: float) -> None:
        """`read` and `write` are file descriptors, also the same one of a socket.

        `seconds` is the time that all answers together may take.
        """
        self.read, self.write, self.seconds = read, write, seconds
        self._until = time.monotonic() + seconds
        self._heard = b""
        self._gone = ""
        os.set_blocking(write, False)  # a lab need not read what it is asked

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """The answer to one request, as the lab gave it. Raises Gone."""
        if self._gone:
            raise Gone(self._gone)
        # Nobody can answer a request before it is made.
        identity = secrets.token_hex(8)
        try:
            self._say(json.dumps({"id": identity, "do": do, **what}).encode() + b"\n")
            answer = json.loads(self._line(), parse_constant=_refused)
        except (OSError, ValueError, RecursionError) as error:
            raise self._lost("it stopped answering") from error
        if not isinstance(answer, dict) or answer.get("id") != identity:
            raise self._lost("it answers what nobody asked")
        return answer

    def _say(self, request: bytes) -> None:
        while request:
            self._await(self.write, selectors.EVENT_WRITE)
            request = request[os.write(self.write, request) :]

    def _line(self) -> bytes:
        """The next line, without its end."""
        while b"\n" not in self._heard:
            self._await(self.read, selectors.EVENT_READ)
            heard = os.read(self.read, 2**16)
            if not heard:
                raise self._lost("it ended: did it call exit, or need too much memory?")
            self._heard += heard
            if len(self._heard) > LONGEST_ANSWER:
                raise self._lost("it returns too much")
        line, self._heard = self._heard.split(b"\n", 1)
        return line

    def _await(self, descriptor: int, event: int) -> None:
        left = self._until - time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, event)
            if left <= 0 or not selector.select(left):
                raise self._lost(f"it took longer than {self.seconds:.0f} s")

    def _lost(self, why: str) -> Gone:
        self._gone = why
        return Gone(why)


class Lab:
    """What an official check is given: it calls, reads, and draws its random inputs here.

    Whatever the participant's code does instead of giving what is asked for is an AssertionError
    whose message tells them so. The message never repeats what the code said: it was given the
    check's inputs, and could hand them to its author. For the course's author it is in a note.
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
        number = float(value) if _is_number(value) else math.nan
        if not math.isfinite(number):
            raise _wrong(f"{name} does not return a number", value)
        self.numbers.append((name, number))
        return number

    def array(
        self, name: str, *arguments: Any, shape: tuple[int, ...] | None = None, **named: Any
    ) -> NDArray[np.float64]:
        """What the function returns: an array of finite numbers, of that shape if one is given."""
        value = self.call(name, *arguments, **named)
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise _wrong(f"{name} does not return an array of numbers", value) from None
        if shape is not None and array.shape != tuple(shape):
            what = f"{name} does not return an array of the shape {tuple(shape)}"
            raise _wrong(what, f"shape {array.shape}")
        if not np.isfinite(array).all():
            raise _wrong(f"{name} returns values that are not numbers (nan or infinite)", value)
        return array

    def _plain(self, name: str, kind: str, answer: dict[str, Any]) -> Any:
        if "raised" in answer:
            raised, message = answer["raised"], answer.get("message")
            if raised == "NotPlain":
                raise _wrong(f"{name} gives something else than {PLAIN}", message)
            known = raised if isinstance(raised, str) and raised in KNOWN_ERRORS else "an error"
            raise _wrong(f"{name} fails with {known}", f"{raised}: {message}")
        value = answer.get("value")
        if isinstance(value, dict) and value.get("missing") is True:
            raise AssertionError(f"There is no {kind} called {name}.")
        try:
            return decode(value["returned"])  # type: ignore[index] # what isn't one raises
        except (KeyError, TypeError, ValueError):
            raise AssertionError(f"{name} gives something that can't be read.") from None


def _is_number(value: Any) -> bool:
    # Python's integers have no end, float's do.
    return type(value) is float or (type(value) is int and abs(value) < 2**1023)


def _wrong(what: str, said: Any) -> AssertionError:
    """What a participant is told, with what the code said in a note for the course's author."""
    error = AssertionError(f"{what}.")
    error.add_note(printable(said))
    return error


def printable(text: Any) -> str:
    """A text of the participant's on one line, and not too long."""
    said = text if isinstance(text, str) else reprlib.repr(text)  # not all of a long list
    line = " ".join(said[: 10 * LONGEST_SHOWN].split())
    line = "".join(letter for letter in line if letter.isprintable())
    return line if len(line) <= LONGEST_SHOWN else line[: LONGEST_SHOWN - 1] + "…"


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
