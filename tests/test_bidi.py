"""Right-to-left texts as a phone shows them, by Unicode's bidirectional algorithm (python-bidi)."""

import re

import pytest
from bidi import get_display

from bot import bidi
from bot.content import Content
from bot.languages import right_to_left
from bot.line import Line

MARKS = str.maketrans("", "", bidi.LEFT_TO_RIGHT + bidi.RIGHT_TO_LEFT)
RIGHT_TO_LEFT = ["ar", "fa", "ur"]


def displayed(line: str) -> str:
    """A line from left to right as the eye sees it; its direction is that of its first letter."""
    return str(get_display(line)).translate(MARKS)


def said(line: Line, language: str) -> list[str]:
    """Every line of text that a language has."""
    edition = line.library.editions[language]
    texts = [*edition.phrases.values(), *edition.titles.values()]
    for (label, of, opening), screen in line.layout.screens.items():
        if of == language:
            pages = range(len(screen.pages))
            texts += [line.layout.show(label, of, n, opening=opening) for n in pages]
    return [row for text in dict.fromkeys(texts) for row in text.split("\n")]


def test_the_languages_of_this_test_are_those_from_right_to_left(line: Line) -> None:
    assert [one for one in line.library.editions if right_to_left(one)] == RIGHT_TO_LEFT


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_names_numbers_and_links_stay_readable(line: Line, content: Content, language: str) -> None:
    seen = 0
    for row in said(line, language):
        whole = re.findall(r"https?://\S+|\d+(?:-\d+)+|Ph\+", row)
        whole += [name for name in content.checks.names if name in row]
        whole += re.findall(r"[a-z]{5,} \([A-Z][a-z]+\)", row)
        for one in whole:
            seen += 1
            assert one in displayed(row), row
    assert seen > 200


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_a_line_with_letters_of_the_language_runs_from_right_to_left(
    line: Line, language: str
) -> None:
    for row in said(line, language):
        strong = [c for c in row if c.isalpha() or c in (bidi.LEFT_TO_RIGHT, bidi.RIGHT_TO_LEFT)]
        if any("\u0600" <= char <= "\u06ff" for char in strong):
            assert not strong[0].isascii(), row


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_no_mark_stands_where_none_is_needed(line: Line, language: str) -> None:
    marks = 0
    for row in said(line, language):
        for at, char in enumerate(row):
            if char in (bidi.LEFT_TO_RIGHT, bidi.RIGHT_TO_LEFT):
                marks += 1
                without = row[:at] + row[at + 1 :]
                mixed = str(get_display(without, base_dir="R" if at else None))
                assert mixed.translate(MARKS) != displayed(row), row
    assert marks > 10


# a line, and what it becomes
MARKED = [
    ("Call 1-888-939-3333", "Call 1-888-939-3333"),
    ("تماس 1-888-939-3333", "تماس \u200e1-888-939-3333"),
    ("1-888-939-3333", "1-888-939-3333"),
    ("نوع Ph+ است", "نوع Ph+\u200e است"),
    ("CAR T چیست", "\u200fCAR T چیست"),
    ("سن 25 سال", "سن 25 سال"),
    ("خط\nCall 9-1-1", "خط\nCall 9-1-1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "marked"), MARKED)
def test_mark(text: str, marked: str) -> None:
    assert bidi.mark(text) == marked
    assert bidi.mark(marked) == marked
