"""What a text costs and where its pages end: nothing lost, nothing torn, no page over the budget.

An input: two budgets, a limit of characters, and a text; then phrases that are to stay whole.
"""

import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import regex

from bot import sms
from bot.line import Line
from tests.fuzz.shapes import fields, taken, text

LONGEST: Final = 900
"""Characters: more than five segments hold of most scripts."""
MOST_PAGES: Final = 5
"""Of one text: what comes after them is cut no otherwise."""


def words(_: Callable[[], Line]) -> Iterable[bytes]:
    """Give what begins and ends sentences, numbers, links and names."""
    found = (
        "https://", "www.", ".ca", "1-888-939-3333", "(888) ", "9.5", "1 000", " %", "e.g. ",
        "Dr. ", "U.S.", "。", "？", "。」", "، ", "؟ ", "۔ ", "। ", "« ", " »", "…", "\n1. ",
        "\r\n", "é", "ê", "€", "^", "化疗", "ยา", "क्षि", "한", "👩🏽‍⚕️", "🇨🇦", "नमस्ते", "\u0600",
    )  # fmt: skip
    return (one.encode() for one in found)


def make(_: Path, __: Callable[[], Line]) -> Callable[[bytes], None]:
    """Make the target."""
    return check


def check(data: bytes) -> None:
    """Measure, clean and cut one text."""
    (gsm7, ucs2, limit), data = taken(data, 3)
    read, *keep = (text(one)[:LONGEST] for one in fields(data, most=4))
    budget = sms.Budget(1 + gsm7 % 5, 1 + ucs2 % 5)
    _measured(read, budget)
    cleaned = _cleaned(read)
    _cut(read, lambda page: len(page) <= limit, keep)
    _cut(cleaned, lambda page: sms.fits(page, budget), keep)
    ends = sms.sentence_ends(read)
    assert ends == sorted(set(ends)), "ends of sentences are not in order"
    assert ends[-1] == len(read), "a text does not end at its end"


def _measured(read: str, budget: sms.Budget) -> None:
    size = sms.measure(read)
    gsm7 = size.encoding == "GSM-7"
    assert size.units >= len(read)
    assert 1 <= size.segments <= max(1, size.units)
    assert gsm7 == (not sms.costly(read))
    if not gsm7:
        assert size.units == sum(1 + (ord(char) > 0xFFFF) for char in read)
    single, part = (160, 153) if gsm7 else (70, 67)
    assert (size.segments == 1) == (size.units <= single), "one segment holds what it holds"
    # A grapheme longer than a segment is counted as one overfull segment.
    whole = all(len(g.encode("utf-16-le", "surrogatepass")) <= 2 * part for g in _graphemes(read))
    assert not whole or size.units <= size.segments * single
    most, room = (budget.gsm7, 160) if gsm7 else (budget.ucs2, 70)
    fits = size.segments <= most and size.units <= most * room
    assert sms.fits(read, budget) == fits, "fits() is not what measure() says"
    plain = sms.unaccented(read)
    assert len(sms.costly(plain)) <= len(sms.costly(read)), "an accent was added"
    assert sms.unaccented(plain) == plain


def _cleaned(read: str) -> str:
    cleaned = sms.clean(read)
    assert sms.clean(cleaned) == cleaned, "cleaning twice is something else"
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cleaned if char != "\n")
    message = ET.fromstring(f"<Message>{escape(cleaned)}</Message>".encode())
    assert (message.text or "") == cleaned, "XML changes it"
    return cleaned


def _cut(read: str, fits: Callable[[str], bool], keep: Sequence[str]) -> None:
    """Cut a text, to its end or often enough, or find that a grapheme fits on no page."""
    wanted, got, rest = _graphemes(read), [], read
    for _ in range(MOST_PAGES):
        if not rest:
            break
        try:
            page, after = sms.cut(rest, fits, keep)
        except ValueError:
            assert not fits(_graphemes(rest)[0]), "it fits, and no page took it"
            return
        assert fits(page), "a page is too long"
        assert page or not _graphemes(rest), "a page is empty"
        assert len(after) < len(rest), "nothing was taken"
        got += _graphemes(page)
        rest = after
    assert got + _graphemes(rest) == wanted, "a grapheme was lost or torn"


def _graphemes(read: str) -> list[str]:
    """Give the graphemes that are not white space."""
    return [one for one in regex.findall(r"\X", read) if not one.isspace()]
