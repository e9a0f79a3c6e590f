# ruff: noqa: RUF001 - the punctuation of many scripts is what this file is about
"""Text messages as carriers count them: what a text costs, what may be sent, where a page ends.

A pure room: text in, numbers and text out. The rule that it keeps: nothing is lost and nothing is
torn. A page ends between graphemes (what a reader calls one character), and where it can at the
end of a sentence, never inside a number, a link or a name.

Units are septets in GSM-7 and UTF-16 units in UCS-2, headers of joined segments not counted.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import regex

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038, default alphabet without the escape. What is in the extension table is sent as
# an escape and a septet, and costs two.
_GSM7_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENSION = "\f^{}\\[~]|€"
_GSM7 = frozenset(_GSM7_BASIC + _GSM7_EXTENSION)

# A segment is 140 octets. When there is more than one, a header takes six octets of each.
_GSM7_SINGLE, _GSM7_PART = 160, 153
_UCS2_SINGLE, _UCS2_PART = 70, 67

# A character that takes two units, or that may hang together with its neighbour. Most texts in
# Chinese, Persian or French have none: then a segment may end anywhere.
_JOINING = regex.compile(
    r"[^\p{GCB=Other}\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}]|[\U00010000-\U0010FFFF]"
)

# Graphemes as Twilio's calculator sees them: by the rules of Unicode 10, which had no Indic
# conjuncts yet, so that a consonant always begins a grapheme. CR and LF count apart.
_COUNTED = regex.compile(
    r"\p{InCB=Consonant}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*+|\r|[\uD800-\uDFFF]|\X"
)

# Graphemes as readers see them, by the rules of today. Pages end between these.
_GRAPHEME = regex.compile(r"\X")

# The patterns below have possessive quantifiers only: no text makes them go back over it.

_WHOLE = regex.compile(
    r"""
    (?i: https?:// | www\. )             # a link; the stop or bracket that follows it is not in it
    (?: [.,;:!?'")\]]*+ [^\s.,;:!?'")\]\u0080-\U0010FFFF] )++
    |
    \+? \(? \d++                         # 9.5, 1,000, 1 000, 18-24, 10:30, 1-888-939-3333
    (?: (?: [-.,:/'’٫٬‐‑–\u00A0\u202F] | [ ]?\( | \)[ -]? | [ ](?=\d{3,4}\b) ) \d++ )*+
    (?: [ \u00A0\u202F]?% )?+
    """,
    regex.VERBOSE,
)

_SENTENCE_END = regex.compile(
    r"""
    (?: [。！？]++                        # full-width: no space follows
        (?: ["'\p{Pe}\p{Pf}] )*+
    |
        (?<! [.!?…।۔؟] )
        (?: [!?…।۔؟]
        |   (?<! (?<! [^\s.(] ) (?: \p{L} | Dr | Mr | Mrs | Ms | St | vs ) )   # e.g., U.S., Dr.
            (?<! ^ [ ]* \d{1,2} )                                      # 1. the first of a list
            \.
        ) [.!?…।۔؟]*+
        (?: ["'\p{Pe}\p{Pf}] | \s»(?!\S) )*+
        (?!\S) (?! \s*+ \p{Ll} )         # a sentence does not begin with a small letter
    |
        (?<=\S) (?= [^\S\n]*+ (?: \n | \Z ) )                          # the end of a line
    )
    """,
    regex.VERBOSE | regex.MULTILINE,
)

_WORD_END = regex.compile(
    r"""
    (?<= [^\s«] ) (?= [^\S\u00A0\u202F] \s*+ (?! [?!;:»%] ) )        # French: « Vraiment ? »
    | (?<= [,;:،؛，、；：] ) (?= \w )
    """,
    regex.VERBOSE,
)

_UNSPACED_LETTER = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_UNSPACED = regex.compile(f"(?<={_UNSPACED_LETTER})(?={_UNSPACED_LETTER})")

# What clean() replaces, and what it takes out: all that XML 1.0 (section 2.2, Char) forbids, the
# controls that it discourages, surrogates without a partner, and noncharacters.
_CLEAN: dict[int, str | None] = {
    **dict.fromkeys(range(0x20)),
    **dict.fromkeys(range(0x7F, 0xA0)),
    **dict.fromkeys(range(0xD800, 0xE000)),
    **dict.fromkeys(range(0xFDD0, 0xFDF0)),
    **dict.fromkeys(plane + end for plane in range(0x10000, 0x110001, 0x10000) for end in (-2, -1)),
    **dict.fromkeys(map(ord, "\n\r\x85\u2028\u2029"), "\n"),
    ord("\t"): " ",
}


@dataclass(frozen=True, slots=True)
class Size:
    """What a text costs: septets (GSM-7) or UTF-16 units (UCS-2), and segments, at least 1."""

    encoding: Encoding
    units: int
    segments: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The segments that a page may take in each encoding; the defaults hold about as many words.

    Where no segments are paid for, `units` is how many UTF-16 units a page may have instead.
    """

    gsm7: int = 2
    ucs2: int = 4
    units: int = 0


def measure(text: str) -> Size:
    """Count the units and segments of a text as it stands, as Twilio's own calculator does.

    The reference is npm sms-segments-calculator 1.3.0: 160 septets, else 153 a segment; 70 UTF-16
    units, else 67. An escape pair, a surrogate pair and a grapheme are not split over segments; a
    grapheme longer than a segment is counted as one overfull segment. The empty text is one
    segment of GSM-7.

    Encoding and units are always the reference's. It knows graphemes by Unicode 10, we by a newer
    one: where an emoji sequence or a mark of after 2017 lies across the end of a segment, we hold
    together what it splits, and may count a segment more. The other way round, and a segment less,
    is known only of a joiner between a letter and an emoji, and of a few ancient signs.
    """
    encoding, units = _units(text)
    if encoding == "GSM-7":
        if units == len(text):
            return Size(encoding, units, _fill_evenly(units, _GSM7_SINGLE, _GSM7_PART))
        septets = (2 if char in _GSM7_EXTENSION else 1 for char in text)
        return Size(encoding, units, _fill(septets, _GSM7_SINGLE, _GSM7_PART))
    if units <= _UCS2_SINGLE or not _JOINING.search(text):
        return Size(encoding, units, _fill_evenly(units, _UCS2_SINGLE, _UCS2_PART))
    count: Callable[[str], int] = len if units == len(text) else _utf16_units
    graphemes = map(count, _COUNTED.findall(text))
    return Size(encoding, units, _fill(graphemes, _UCS2_SINGLE, _UCS2_PART))


def _units(text: str) -> tuple[Encoding, int]:
    """Return the encoding of a text, and its septets or UTF-16 units.

    A grapheme of more than one code unit makes a message UCS-2, says the reference; there is
    always a character outside GSM-7 in it, so that looking at characters is enough.
    """
    if _GSM7.issuperset(text):
        return "GSM-7", len(text) + sum(map(text.count, _GSM7_EXTENSION))
    return "UCS-2", _utf16_units(text)


def _utf16_units(text: str) -> int:
    if len(text) == 1:  # most graphemes
        return 1 if text <= "\uffff" else 2
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fill_evenly(units: int, single: int, part: int) -> int:
    """Return the number of segments of a text that may be split after any unit."""
    return 1 if units <= single else -(-units // part)


def _fill(sizes: Iterable[int], single: int, part: int) -> int:
    """Put things of these sizes in segments, in order; return the number of segments.

    The first segment holds `single` units until a second is needed; then it gets a header as well,
    keeps what fits in `part`, and the rest moves on, with no second look at whether that fits.
    """
    segments, used, kept = 1, 0, 0
    for size in sizes:
        if used + size > (single if segments == 1 else part):
            used = used - kept if segments == 1 else 0
            segments += 1
        used += size
        if segments == 1 and used <= part:
            kept = used
    return segments


def fits(text: str, budget: Budget) -> bool:
    """Say whether a text keeps within the segments that the budget has for its encoding.

    A text with more units than so many segments can hold does not fit, whatever its graphemes.
    """
    if budget.units:
        return _utf16_units(text) <= budget.units
    # Units are counted faster than segments, and cut() asks about many texts that are far too long.
    encoding, units = _units(text)
    if encoding == "GSM-7":
        return units <= budget.gsm7 * _GSM7_SINGLE and measure(text).segments <= budget.gsm7
    return units <= budget.ucs2 * _UCS2_SINGLE and measure(text).segments <= budget.ucs2


def clean(text: str) -> str:
    """Return a text as it may be sent: composed (NFC), line feeds only, no control characters.

    A tab becomes a space, every kind of line end a line feed. Out goes what XML 1.0 forbids and
    what no phone shows; format characters stay, since Persian, Urdu and Hindi are written with
    them. Cleaning twice changes nothing: NFC comes last here, because a control character between
    a letter and its accent would have kept them apart.
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(_CLEAN))


def unaccented(text: str) -> str:
    """Return a text without the accents that cost: `más` becomes `mas`, `niño` stays.

    Only for an operator who chose it: a letter without its accent can be another letter.
    """
    return "".join(char if char in _GSM7 else _base(char) for char in text)


_BARRED = {"đ": "d", "Đ": "D", "ł": "l", "Ł": "L"}  # a bar is no accent to Unicode


def _base(char: str) -> str:
    char = _BARRED.get(char, char)
    base = "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
    return base if base and _GSM7.issuperset(base) else char


def costly(text: str) -> tuple[str, ...]:
    """List the distinct characters, in order, that are outside GSM-7 and make a message UCS-2."""
    return tuple(dict.fromkeys(char for char in text if char not in _GSM7))


def cut(text: str, fits: Callable[[str], bool], keep: Sequence[str] = ()) -> tuple[str, str]:
    """Split a text in a page that fits and the rest, white space at the cut (or before) dropped.

    The page ends at the end of a sentence or of a line; else, if that left it less than a third
    full, after a word or a comma; else between two letters of a script without spaces. Numbers,
    phone numbers, links and the phrases in `keep` stay whole; those that overlap count as one.
    Only what does not fit on a page by itself is cut inside, between graphemes. A text that fits
    is returned as it is, with no rest.

    Every end is tried from the last, for more text may take less: beside one letter outside GSM-7
    the whole page has another encoding, and another budget. Raises ValueError if not one grapheme
    fits.
    """
    if fits(text):
        return text, ""
    spans = [m.span() for m in _GRAPHEME.finditer(text) if not m[0].isspace()]
    if not spans:
        return "", ""
    start = spans[0][0]
    edges = [end for _, end in spans]
    inside = _inside(text, keep)
    free = [edge for edge in edges if edge not in inside]

    def at(pattern: regex.Pattern[str]) -> list[int]:
        found = {m.end() for m in pattern.finditer(text)}
        return [edge for edge in free if edge in found]

    def last(ends: Iterable[int]) -> int:
        return next((end for end in sorted(ends, reverse=True) if fits(text[start:end])), 0)

    sentences, words = at(_SENTENCE_END), at(_WORD_END)
    end = last({*sentences, *words, *at(_UNSPACED)})
    if end:
        third = start + (end - start) / 3
        better = (last(e for e in ends if third <= e <= end) for ends in (sentences, words))
        end = next(filter(None, better), end)
    else:
        end = last(free) or last(edges)
    if not end:
        raise ValueError(f"not even the first grapheme fits on a page: {text[start : edges[0]]!a}")
    rest = next((begin for begin, _ in spans if begin >= end), len(text))
    return text[start:end], text[rest:]


def within(text: str, units: int) -> tuple[str, str]:
    """Split a text in what has at most so many UTF-16 units and the rest, as `cut` does."""
    return cut(text, lambda page: fits(page, Budget(units=units)))


def sentence_ends(text: str) -> list[int]:
    """List the offsets at which sentences end, that of the text last."""
    inside = _inside(text, ())
    ends = {match.end() for match in _SENTENCE_END.finditer(text)} - inside
    return sorted({*ends, len(text)})


def _inside(text: str, keep: Iterable[str]) -> set[int]:
    """Return the offsets that lie inside a link, a number or one of the phrases to keep whole."""
    inside: set[int] = set()
    for match in _WHOLE.finditer(text):
        inside.update(range(match.start() + 1, match.end()))
    for phrase in filter(None, keep):
        begin = text.find(phrase)
        while begin >= 0:
            inside.update(range(begin + 1, begin + len(phrase)))
            begin = text.find(phrase, begin + 1)
    return inside
