# ruff: noqa: RUF001 - the letters of many scripts are what this file is about
"""Fold texts so that spellings of a word compare equal. For matching only, never for sending.

What is folded follows how people type: case, width, accents and tone marks, the letters that
Arabic, Persian and Urdu keyboards share out differently, short vowels, nukta, addak, and the nasal
signs of Gurmukhi and Devanagari.
"""

import unicodedata
from typing import Final

import regex

_TOKEN: Final = regex.compile(r"(?V1)\p{Han}|[[\p{L}\p{M}\p{N}+]--\p{Han}]+")
_MARKS: Final = regex.compile(
    r"[\u0300-\u036f"  # Latin accents and tone marks
    r"\u0640\u064b-\u0655\u0670"  # Arabic: tatweel, vowel signs, hamza above and below
    r"\u093c\u0a3c\u0a71]+"  # nukta; addak
)
_INVISIBLE: Final = regex.compile(r"[\p{Cf}\p{Cs}]+")
_LETTERS: Final = str.maketrans(
    {
        "œ": "oe", "æ": "ae", "đ": "d", "ø": "o", "ł": "l",
        "ٱ": "ا", "ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ں": "ن",
        "\u0a70": "\u0a02", "\u0901": "\u0902",
    }
)  # fmt: skip
_DIGIT: Final = regex.compile(r"[\p{Nd}--0-9]", regex.VERSION1)
_PREFIX: Final = regex.compile(r"و?ال(?=\p{Arabic}{3})|و(?=\p{Arabic}{4})")

_HAN_DIGITS: Final = "〇一二三四五六七八九"
_HAN_TEN: Final = "十"
HAN_NUMERALS: Final = frozenset(_HAN_DIGITS + _HAN_TEN)


def fold(text: str) -> str:
    """Fold case, width, marks, letter variants, ligatures and invisible characters away."""
    if text.isascii():
        return text.casefold()
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKD", text))
    text = _MARKS.sub("", text).casefold().translate(_LETTERS)
    text = _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0], digit[0])), text)
    return unicodedata.normalize("NFC", text)


def tokens(text: str) -> list[str]:
    """Split a text in folded words: runs of letters, marks, digits and the plus of Ph+.

    Apostrophes and hyphens part words like spaces do; words are compared joined, so that `Car-T`,
    `car t` and `CART` are one. Each Han character is a word, as Chinese puts no spaces. The Arabic
    article, and the "and" that hangs on to a word, are left out.
    """
    return tokens_of(fold(text))


def tokens_of(folded: str) -> list[str]:
    """Split a text in words that is folded already."""
    words: list[str] = _TOKEN.findall(folded)
    if folded.isascii():
        return words
    return [word[found.end() :] if (found := _PREFIX.match(word)) else word for word in words]


def number(text: str) -> int | None:
    """Read a message that is only a number below 1,000, in any script's digits, else None."""
    words = tokens(text)
    if len(words) == 1 and words[0].isdecimal() and len(words[0]) <= 3:
        return int(words[0])
    return _han_number("".join(words))


def _han_number(text: str) -> int | None:
    """Read a Chinese number below 100: 三, 十, 十二, 二十, 二十一."""
    tens, ten, ones = text.rpartition(_HAN_TEN)
    if not text or len(tens) > 1 or len(ones) > 1 or not set(tens + ones) <= set(_HAN_DIGITS):
        return None
    high = (_HAN_DIGITS.index(tens) if tens else 1) if ten else 0
    return high * 10 + (_HAN_DIGITS.index(ones) if ones else 0)
