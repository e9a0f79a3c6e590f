import os
from pathlib import Path

import pytest

from bot.line import Line
from bot.transcripts import play

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


def rewriting() -> bool:
    """Tell whether transcripts are to be written; never in CI, which must not bless itself."""
    return os.environ.get("ANSWERLINE_WRITE_TRANSCRIPTS") == "1" and not os.environ.get("CI")


def check(path: Path, line: Line) -> tuple[str, str]:
    """Give what stands in a transcript and what comes now, writing it if asked to."""
    wanted = path.read_text(encoding="utf-8")
    now = play(wanted, line)
    if rewriting():
        path.write_text(now, encoding="utf-8")
        wanted = now
    return wanted, now


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, line: Line) -> None:
    wanted, now = check(path, line)
    assert now == wanted


def test_every_answer_and_phrase_is_read_in_some_transcript(line: Line) -> None:
    """What no conversation shows, nobody has read.

    In the languages that carriers prescribe; of the others each has a conversation, and `answerline
    replies` shows the rest.
    """
    said = "".join(path.read_text(encoding="utf-8") for path in TRANSCRIPTS)
    said = said.replace("\n< ", "\n")
    unread = [
        f"{language} {label} page {number + 1}"
        for (label, language, opening), screen in line.layout.screens.items()
        for number, page in enumerate(screen.pages)
        if not opening and language in line.library.prescribed and page.text not in said
    ]
    unread += [
        f"{language} {name}"
        for language, edition in line.library.editions.items()
        if language in line.library.prescribed
        for name, text in edition.phrases.items()
        if not name.startswith("web_")  # of pages, which have tests of their own
        and max(text.split("{"), key=len).rpartition("}")[2] not in said
    ]
    # An apology in a transcript would be a fault, written down as if it were wanted.
    assert not any(e.phrases["apology"] in said for e in line.library.editions.values())
    # What comes only when the store fails or a catalog lacks an answer, and what these two never
    # say: English is no draft, both have a page of their own, and their script shows no language;
    # and what comes only while an answer is held back.
    rare = ("apology", "in_english", "link_in_english", "which_language", "checking")
    assert set(unread) <= {*(f"{one} {name}" for one in ("en", "fr") for name in rare), "en draft"}


def test_a_line_that_is_none_is_refused(line: Line) -> None:
    with pytest.raises(ValueError, match="not a line of a transcript: 'hello'"):
        play("hello\n", line)
    with pytest.raises(ValueError, match="not a direction of a transcript"):
        play("@ tomorrow\n", line)
