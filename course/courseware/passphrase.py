"""Passphrases of the roster's accounts: made, told apart from typing variants, hashed, verified.

Needs argon2-cffi. Only `generate` needs xkcdpass, so a hub does not have to install it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

WORDS = 4
"""Words of a generated passphrase: log2(7776 ** 4) = 51.7 bits. At 10,000 guesses a second, more
than any hub of ours can answer, trying them all takes 11,000 years; and four words can be typed."""

# RFC 9106, section 4, asks for Argon2id. Time, memory and lanes are the first choice of the OWASP
# Password Storage Cheat Sheet: made for a server that must answer a room full of logins at once
# (RFC 9106's own second choice, t=3 and m=64 MiB, takes eight times the processor time), and
# plenty for secrets of 51 random bits. Salt and hash lengths are RFC 9106's.
_HASHER = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, salt_len=16, hash_len=32, type=Type.ID
)

# What people and their keyboards put between words: white space, every kind of dash, underscores.
_BETWEEN_WORDS = re.compile(r"[\s_\-\u00ad\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]+")


def normalise(text: str) -> str:
    """The form in which passphrases are compared: lower case, words parted by single dashes.

    Takes any text as typed; leading and trailing blanks, letter case, full-width letters and the
    kind of gap between words make no difference. Never raises.
    """
    encodable = text.encode(errors="replace").decode()
    folded = unicodedata.normalize("NFKC", encodable).casefold()
    return _BETWEEN_WORDS.sub("-", folded).strip("-")


def hash(text: str) -> str:
    """The Argon2id hash of a passphrase, in the encoded form `$argon2id$...` (about 20 ms)."""
    return _HASHER.hash(normalise(text))


def verify(hash: str, text: str) -> bool:
    """Whether `text`, however it is typed, is the passphrase that `hash` was made from.

    Takes as long as the parameters within `hash` say (about 20 ms for ours). Raises
    argon2.exceptions.InvalidHashError if `hash` isn't an Argon2 hash.
    """
    try:
        return _HASHER.verify(hash, normalise(text))
    except VerifyMismatchError:
        return False


def generate() -> str:
    """A new passphrase, such as "word-word-word-word", drawn by the system's random source."""
    from xkcdpass import xkcd_password

    return xkcd_password.generate_xkcdpassword(_words(), numwords=WORDS, delimiter="-")


@cache
def _words() -> list[str]:
    """The EFF's long word list: 7776 words of three to nine letters."""
    from xkcdpass import xkcd_password

    return xkcd_password.generate_wordlist("eff-long", min_length=3, max_length=9)
