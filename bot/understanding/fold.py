"""Fold texts so that spellings of a word compare equal. For matching only, never for sending."""

import unicodedata
from typing import Final

import regex

_TOKEN: Final = regex.compile(r"[\p{L}\p{M}\p{N}+]+")
_LATIN_MARKS: Final = regex.compile(r"[\u0300-\u036f]+")
_INVISIBLE: Final = regex.compile(r"[\p{Cf}\p{Cs}]+")
_LETTERS: Final = str.maketrans({"œ": "oe", "æ": "ae", "đ": "d", "ø": "o", "ł": "l"})


def fold(text: str) -> str:
    """Fold case, width, Latin accents, ligatures and invisible characters away."""
    if text.isascii():
        return text.casefold()
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKD", text))
    text = _LATIN_MARKS.sub("", text).casefold().translate(_LETTERS)
    return unicodedata.normalize("NFC", text)


def tokens(text: str) -> list[str]:
    """Split a text in folded words: runs of letters, marks, digits and the plus of Ph+.

    Apostrophes and hyphens part words like spaces do; words are compared joined, so that `Car-T`,
    `car t` and `CART` are one.
    """
    return _TOKEN.findall(fold(text))


def number(text: str) -> int | None:
    """Read a message that is only a number below 1,000, in any script's digits, else None."""
    words = tokens(text)
    if len(words) != 1 or len(words[0]) > 3:
        return None
    (word,) = words
    if word.isdecimal():
        return int(word)
    value = unicodedata.numeric(word, -1.0) if len(word) == 1 else -1.0
    return int(value) if value >= 0 and value.is_integer() and value < 1000 else None
