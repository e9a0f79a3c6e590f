"""How the fuzzer's bytes become texts and numbers: one way, with the fuzzer and without it.

Inputs are to stay readable and to outlive changes: a text stands in them as its UTF-8, so that a
word which the fuzzer takes from a dictionary or from another input is that word. Bytes that begin
nothing in UTF-8 are put to use: for characters that random bytes would rarely make, and to repeat
what came before, as a few bytes must be able to make a text that is too long.
"""

from collections.abc import Iterator
from typing import Final

FIELD: Final = b"\xff"
"""Parts the fields of an input."""

PART: Final = b"\xfe"
"""Parts a field."""

LONGEST: Final = 6000
"""Characters of one text: more than any carrier sends, and than Python turns into a number."""

CHARACTERS: Final = (
    "\u200d", "\u200c", "\u200b", "\u200e", "\u200f", "\u2066", "\u2069", "\ufeff",
    "\u0301", "\u0300\u0323", "\u093c", "\u094d", "\u0651", "\u1160", "\ufe0f", "\u20e3",
    "\ud83d", "\ude00", "\U0001f1e8", "\U0001f3fd", "\U0001f468\u200d", "\U000e0067", "\x00",
    "\x85", "\u2028", "\u2029", "\u00a0", "\u202f", "\u3000", "\ufffe", "\U0010ffff", "\ufdfa",
)  # fmt: skip
"""Joiners, marks, halves of pairs, controls, spaces: what the bytes 80 to 9F stand for."""

assert len(CHARACTERS) == 32


def fields(data: bytes, separator: bytes = FIELD, most: int = 12) -> list[bytes]:
    """Split an input, or a field; what is left after the last one wanted is dropped."""
    return data.split(separator)[:most]


def taken(data: bytes, count: int) -> tuple[list[int], bytes]:
    """Take small numbers off the front, 0 where there are no more bytes, and give the rest."""
    head = data[:count]
    return [*head, *[0] * (count - len(head))], data[count:]


def text(data: bytes) -> str:
    """Read a text; any bytes are one."""
    made = ""
    for piece, repeat in _pieces(data):
        made += piece
        if repeat:
            tail, times = repeat
            made += made[-tail:] * times
        if len(made) >= LONGEST:
            return made[:LONGEST]
    return made


def _pieces(data: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield characters, and how many of the last ones to repeat how often."""
    at = 0
    while at < len(data):
        byte = data[at]
        if byte < 0x80:
            yield chr(byte), (0, 0)
        elif byte < 0xA0:
            yield CHARACTERS[byte - 0x80], (0, 0)
        elif byte < 0xC0:
            times = data[at + 1] if at + 1 < len(data) else 0
            yield "", (byte - 0x9F, times)
            at += 1
        else:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            try:
                yield data[at : at + size].decode("utf-8", "surrogatepass"), (0, 0)
                at += size - 1
            except UnicodeDecodeError:
                yield chr(0xD800 + (byte - 0xC0) * 32), (0, 0)  # a half of a pair
        at += 1
