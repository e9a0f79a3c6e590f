"""The labelled texts of tests/texts: sound tables, and what must hold for all of them.

Written as people write, by language. Words are gathered and weights learned with the rows of one
part, and measured on those of the other, which were written without a look at the words:

    answerline evaluate tests/texts/*.tsv --part measure

That prints all figures. Here stand the floors below which nothing may land.
"""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.classify import answered
from bot.cli.evaluate import Row, measure
from bot.cli.learn import learned
from bot.line import Line
from bot.model import AUDIENCES, SYSTEM_LABELS
from bot.understanding import Weights

TABLES = sorted((Path(__file__).parent / "texts").glob("*.tsv"))
COLUMNS = ["text", "labels", "context", "kind", "part", "note"]
KINDS = {
    "keyword", "question", "typo", "romanized", "followup", "system", "crisis", "optout", "oos",
    "trap",
}  # fmt: skip
UNSAFE = {"crisis", "optout", "oos", "trap"}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert reader.fieldnames == COLUMNS
        return list(reader)


ROWS = [(path.stem, row) for path in TABLES for row in table(path)]


def test_there_are_enough_texts_of_every_kind_and_language(line: Line) -> None:
    assert {path.stem for path in TABLES} == set(line.library.editions)
    assert len(ROWS) >= 1500
    assert sum(row["kind"] in UNSAFE for _, row in ROWS) * 3 >= len(ROWS)
    for language in line.library.editions:
        own = [row for one, row in ROWS if one == language]
        assert len(own) >= 120, language
        assert {row["kind"] for row in own} == KINDS
        for part in ("build", "measure"):
            assert sum(row["part"] == part for row in own) >= 50


def test_every_row_is_sound(line: Line) -> None:
    answers = {*line.library.editions["en"].answers, "child.immunotherapy"}
    known = {*SYSTEM_LABELS, *answers}
    for language, row in ROWS:
        assert row["text"].strip() == row["text"] != "", (language, row)
        labels = set(row["labels"].split(","))
        assert all(one in known or one.startswith("language:") for one in labels), (language, row)
        assert row["context"] in {"", *known}, (language, row)
        assert row["part"] in ("build", "measure")
    texts = [(language, row["text"]) for language, row in ROWS]
    assert len(set(texts)) == len(texts)


def figures(line: Line, part: str, language: str = "") -> dict[str, tuple[int, int]]:
    return measure(
        [
            Row(
                row["text"],
                tuple(row["labels"].split(",")),
                answered(row["text"], line, context=row["context"]).label,
                one,
                row["kind"],
            )
            for one, row in ROWS
            if row["part"] == part and language in ("", one)
        ]
    )


# a figure of either part, and its floor or ceiling in hundredths
FLOORS = {
    "crisis found": 95,
    "opt-outs found": 84,
    "right answer, in scope": 82,
    "right label, all rows": 86,
}
CEILINGS = {
    "wrong answers, all rows": 2,
    "wrong answers where out of scope is right": 3,
    "crisis false alarms, all rows": 0.5,
    "opt-outs that are none, all rows": 0.05,
}
EVERY_LANGUAGE = 75
"""Hundredths of the texts that ask for an answer of the pages and get it."""


@pytest.mark.parametrize("part", ["build", "measure"])
def test_safety_holds_for_every_text(line: Line, part: str) -> None:
    found = figures(line, part)
    for name, most in CEILINGS.items():
        count, of = found[name]
        assert count * 100 <= most * of, (name, count, of)
    for name, least in FLOORS.items():
        count, of = found[name]
        assert count * 100 >= least * of, (name, count, of)


@pytest.mark.parametrize("language", [path.stem for path in TABLES])
def test_every_language_is_answered(line: Line, language: str) -> None:
    """As to a contact who is answered in that language already."""
    rows = [row for one, row in ROWS if one == language and row["part"] == "measure"]
    found = measure(
        [
            Row(
                row["text"],
                tuple(row["labels"].split(",")),
                answered(row["text"], line, language, row["context"]).label,
                language,
                row["kind"],
            )
            for row in rows
        ]
    )
    right, of = found["right answer, in scope"]
    assert right * 100 >= EVERY_LANGUAGE * of, (right, of)


def test_the_weights_are_those_of_the_texts(line: Line) -> None:
    """What `answerline learn` gives today labels nearly all texts as the weights that are kept.

    Not all: what is learned differs in its last digits from one processor to another.
    """
    rows = [row for _, row in ROWS if row["part"] == "build"]
    again = Weights.of(learned(rows, line))
    vocabulary = replace(line.vocabulary, weights=again)
    new = replace(line, vocabulary=vocabulary)
    measured = [row for _, row in ROWS if row["part"] == "measure"]
    same = sum(
        answered(row["text"], line, context=row["context"]).label
        == answered(row["text"], new, context=row["context"]).label
        for row in measured
    )
    assert same * 100 >= 99 * len(measured), same


def test_labels_do_not_depend_on_what_ran_before(line: Line) -> None:
    rows = [row for _, row in ROWS[::9]]
    first = [answered(row["text"], line, context=row["context"]).label for row in rows]
    again = [answered(row["text"], line, context=row["context"]).label for row in rows[::-1]]
    assert first == again[::-1]
    assert set(AUDIENCES) == {label.partition(".")[0] for label in first if "." in label}
