"""What the files would change, against what is live: read apart, shown side by side, not sent."""

import fcntl
import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from bot.app import create_app
from bot.config import Config
from bot.console.candidate import SHOWN_SECONDS, Candidate, Found
from bot.console.staff import Staff
from bot.model import Inbound
from bot.transcripts import exchanges, play
from bot.turn import Turns

from .test_console import PASSWORD, Browser

Edit = Callable[[str, str, str], Path]

CART = "messages/topics/cart.toml"
OLD, NEW = "in a lab so that they find", "in a laboratory so that they find"
KEPT = "> CART\n> STOP\n> HI\n> GREFFE\n"
PATIENCE = 120


@pytest.fixture
def app(config: Config, copy: Path) -> Flask:
    app = create_app(replace(config, content=copy))
    turns: Turns = app.extensions["answerline"]
    staff = Staff(turns.store, turns.clock)
    staff.add("tess", PASSWORD, "tester")
    staff.add("ed", PASSWORD, "editor")
    return app


@pytest.fixture
def turns(app: Flask) -> Turns:
    turns: Turns = app.extensions["answerline"]
    return turns


@pytest.fixture
def ed(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in("ed")
    browser.get("/transcripts/")
    for name, text in (("changes", KEPT), ("stays", "> GREFFE\n> PLUS\n")):
        browser.post("/transcripts/", name=name, file=(BytesIO(text.encode()), "x.txt"))
    return browser


@pytest.fixture
def candidate(app: Flask) -> Path:
    return Path(app.config["ANSWERLINE"].database).with_suffix(".candidate")


def compare(ed: Browser) -> str:
    """Compare, and look again until the files have been read."""
    shown = ed.post("/transcripts/compare").text
    assert "The files are being read" in shown
    assert "Compare with the files" not in shown
    deadline = time.monotonic() + PATIENCE
    while "The files are being read" in shown:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        shown = ed.get("/transcripts/compare").text
    return shown


def test_replies_that_would_change_are_shown_side_by_side(
    ed: Browser, turns: Turns, edit: Edit, candidate: Path
) -> None:
    kept = candidate.with_suffix(".line").read_bytes()
    line, live = turns.line, turns.line.library.revision
    edit(CART, OLD, NEW)
    shown = compare(ed)
    assert "Played: 2, changed: 1" in shown
    replies = re.findall(r'<p class="reply m-0" [^>]*>([^<]*)</p>', shown)
    assert len(replies) == 2
    assert OLD in replies[0]
    assert NEW in replies[1]
    assert replies[0].replace(OLD, NEW) == replies[1]
    assert "stays</h3>" not in shown
    revisions = re.findall(r'<code translate="no">(\w{12})</code>', shown)
    assert revisions[0] == live != revisions[1]
    assert "They are the same" not in shown
    assert "have changed since" not in shown
    # What is live is as it was, for the next start too; nothing but the comparison was written.
    assert turns.line is line
    assert OLD in turns.take(Inbound("twilio", "+15145550123", "1", "CART")).text
    assert candidate.with_suffix(".line").read_bytes() == kept
    assert candidate.stat().st_mode & 0o777 == 0o600
    assert "compared the files with what is live" in ed.get("/records/").text
    # A transcript kept since, and files that changed since, are said to be.
    ed.get("/transcripts/")
    ed.post("/transcripts/", name="later", file=(BytesIO(b"> HELP\n"), "x.txt"))
    edit(CART, NEW, OLD)
    shown = ed.get("/transcripts/compare").text
    assert "The files have changed since they were read" in shown
    assert "kept after the files had been read" in shown
    os.utime(candidate, (0, time.time() - SHOWN_SECONDS - 1))
    assert "Nothing has been compared yet" in ed.get("/transcripts/compare").text
    assert not candidate.exists()
    shown = compare(ed)
    assert "They are the same" in shown
    assert "Nothing would change." in shown


def test_files_that_cannot_be_taken_up_say_why(ed: Browser, turns: Turns, edit: Edit) -> None:
    edit(CART, 'title = "', 'titel = "')
    edit("messages/commands.toml", "[menu]", "[menu")
    shown = compare(ed)
    assert "could not be taken up" in shown
    assert turns.line.library.revision in shown
    assert "messages/topics/cart.toml: " in shown
    assert "messages/commands.toml: cannot be read" in shown
    assert "Played" not in shown


def test_a_catalog_with_faults_is_told_beside_what_would_change(ed: Browser, edit: Edit) -> None:
    edit("locales/fr/LC_MESSAGES/messages.po", 'msgid ""', "nonsense")
    shown = compare(ed)
    assert "messages.po:3: is no line of a catalog" in shown
    assert "Played: 2, changed: 1" in shown  # GREFFE is no word any more


def test_only_editors_have_the_files_read(app: Flask, ed: Browser, candidate: Path) -> None:
    tess = Browser(app.test_client())
    tess.sign_in("tess")
    assert "Compare with the files" not in tess.get("/transcripts/").text
    refused = tess.post("/transcripts/compare")
    assert (refused.status_code, "for editors" in refused.text) == (403, True)
    assert not candidate.exists()
    assert "Nothing has been compared yet" in tess.get("/transcripts/compare").text
    assert "Compare with the files" in ed.get("/transcripts/").text
    assert app.test_client().post("/console/transcripts/compare").status_code in (302, 400)


def test_the_files_are_read_once_at_a_time(config: Config) -> None:
    candidate = Candidate(config)
    file = Path(config.database).with_suffix(".candidate")
    assert candidate.look() == "nothing"
    with file.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert not candidate.begin(())
        assert candidate.look() == "reading"
    assert candidate.look() == "failed"


def test_a_process_that_ends_badly_is_told_in_the_log(
    config: Config, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.chdir(Path(config.database).parent)
    monkeypatch.setattr("bot.console.candidate.sys.executable", "/bin/false")
    candidate = Candidate(config)
    assert candidate.begin(())
    deadline = time.monotonic() + PATIENCE
    while "could not be compared" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert candidate.look() == "failed"
    assert not isinstance(candidate.look(), Found)


def test_what_a_transcript_says_is_found_again(turns: Turns) -> None:
    played = play("# a remark\n> CART\n@ +1h\n> STOP\n> HI\n> a\\nb\n", turns.line)
    found = exchanges(played)
    assert [said for said, _ in found] == ["CART", "STOP", "HI", "a\nb"]
    assert found[0][1].startswith("For adults: CAR T-cell therapy")
    assert "\n" in found[0][1]
    assert found[2][1] == ""
