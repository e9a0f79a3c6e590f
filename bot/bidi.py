"""PURE: direction marks that keep names, numbers and links readable in right-to-left text.

Where a line mixes directions, phones order it by the Unicode bidirectional algorithm (UAX #9). It
turns the groups of a phone number around after an Arabic letter (rule W2), moves the plus of Ph+ to
the other side, and takes a line that begins in Latin letters for a left-to-right one. One mark, of
one unit, mends each, where an isolate would cost two. Everything else comes out right by itself.
"""

import unicodedata
from typing import Final

import regex

LEFT_TO_RIGHT: Final = "\u200e"
RIGHT_TO_LEFT: Final = "\u200f"

_RIGHT: Final = frozenset({"R", "AL"})
_GROUPS: Final = regex.compile(r"(?<![\w\u200e\-.\u2013])\d++(?:[-.\u2013]\d++)++")
_PLUS: Final = regex.compile(r"(?<=[A-Za-z])\+(?!\s*+[A-Za-z]|[0-9\u200e])")


def mark(text: str) -> str:
    """Add the marks that each line needs; a line without right-to-left letters needs none."""
    return "\n".join(map(_marked, text.split("\n")))


def _marked(line: str) -> str:
    strong = [kind for kind in map(unicodedata.bidirectional, line) if kind in _RIGHT | {"L"}]
    if not _RIGHT & set(strong):
        return line
    line = _PLUS.sub(f"+{LEFT_TO_RIGHT}", _GROUPS.sub(lambda m: f"{LEFT_TO_RIGHT}{m[0]}", line))
    return line if strong[0] in _RIGHT else f"{RIGHT_TO_LEFT}{line}"
