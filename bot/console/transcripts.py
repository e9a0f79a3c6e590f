"""Conversations that staff keep, play again, and compare with what comes now."""

import difflib
import re
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from bot.config import Config
from bot.console.candidate import Candidate, Found
from bot.console.language import gettext, number
from bot.console.signing_in import needs
from bot.console.simulator import Phones
from bot.console.staff import Staff
from bot.transcripts import NoTranscriptError, exchanges, play
from bot.turn import Turns

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
MOST_LINES: Final = 2000
"""Lines of a transcript that is played."""


@dataclass(frozen=True, slots=True)
class Played:
    """A transcript that was played: what differs now, line by line, or why it is none."""

    name: str
    differs: tuple[str, ...] = ()
    fault: str = ""


def played(name: str, text: str, turns: Turns) -> Played:
    """Play a transcript on the line as it is, with a store of its own."""
    if text.count("\n") > MOST_LINES:
        most = number(MOST_LINES)
        return Played(name, fault=gettext("it has more than %(most)s lines", most=most))
    try:
        now = play(text, turns.line)
    except NoTranscriptError as error:
        if error.direction:
            said = gettext("not a direction of a transcript: %(row)s", row=repr(error.row))
        else:
            said = gettext("not a line of a transcript: %(row)s", row=repr(error.row))
        return Played(name, fault=said)
    if not any(line.startswith(">") for line in now.splitlines()):
        return Played(name, fault=gettext("no line of it begins with >"))
    lines = difflib.unified_diff(text.splitlines(), now.splitlines(), "", "", lineterm="")
    return Played(name, tuple(lines)[2:])


@dataclass(frozen=True, slots=True)
class Compared:
    """A transcript on what is live and on the files: what was texted, and both replies to it.

    `is_new` tells that it was kept after the files had been read.
    """

    name: str
    differs: tuple[tuple[str, str, str], ...] = ()
    fault: str = ""
    is_new: bool = False


def compared(name: str, text: str, turns: Turns, found: Found) -> Compared:
    """Play a transcript on what is live, and tell which replies are others from the files."""
    if text not in found.played:
        return Compared(name, fault=played(name, text, turns).fault, is_new=True)
    pairs = zip(
        exchanges(play(text, turns.line)), exchanges(found.played[text]), strict=True
    )  # the same texts on both
    return Compared(
        name, tuple((said, live, new) for (said, live), (_, new) in pairs if live != new)
    )


def blueprint(config: Config, turns: Turns, staff: Staff) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("transcripts", __name__, url_prefix="/transcripts")
    phones = Phones(turns)
    candidate = Candidate(config)

    def kept() -> list[tuple[str, int, str, str]]:
        return turns.store.rows("SELECT name, at, staff, text FROM transcripts ORDER BY name")

    def one(name: str) -> str:
        if not NAME.fullmatch(name):
            abort(404, gettext("There is no transcript of this name."))
        rows = turns.store.rows("SELECT text FROM transcripts WHERE name = ?", name)
        if not rows:
            abort(404, gettext("There is no transcript of this name."))
        return str(rows[0][0])

    @routes.get("/")
    @login_required  # type: ignore[untyped-decorator]
    def index() -> str:
        """Show what is kept, and the form to keep the conversation of a phone."""
        return render_template(
            "transcripts.html", kept=kept(), phone=request.args.get("phone", ""), played=()
        )

    @routes.post("/")
    @login_required  # type: ignore[untyped-decorator]
    def keep() -> BaseResponse:
        """Keep a phone's conversation, or an uploaded transcript, under a name."""
        name = request.form.get("name", "").strip().lower()
        if not NAME.fullmatch(name):
            said = gettext("A name has small letters, digits and hyphens: parent-asks-in-farsi.")
            abort(400, said)
        phone, file = request.form.get("phone", ""), request.files.get("file")
        if phone:
            if phone not in phones.names:
                abort(404, gettext("This phone is not there any more."))
            text = phones.transcript(phone)
        else:
            text = _read(file.read() if file else b"")
        if (found := played(name, text, turns)).fault:
            abort(400, gettext("This is no transcript: %(fault)s.", fault=found.fault))
        turns.store.change(
            "INSERT INTO transcripts(name, at, staff, text) VALUES(?, ?, ?, ?) "
            "ON CONFLICT(name) DO UPDATE SET at = excluded.at, staff = excluded.staff, "
            "text = excluded.text",
            name, turns.clock(), current_user.name, text,
        )  # fmt: skip
        staff.note(current_user.name, f"kept the transcript {name}")
        return redirect(url_for("transcripts.index"), 303)

    @routes.get("/play")
    @login_required  # type: ignore[untyped-decorator]
    def play_all() -> str:
        """Play all that is kept, or one, and show which replies have changed."""
        wanted = request.args.get("name")
        rows = [row for row in kept() if wanted in (None, row[0])]
        found = [played(row[0], row[3], turns) for row in rows]
        return render_template("transcripts.html", kept=kept(), phone="", played=found)

    @routes.post("/compare")
    @login_required  # type: ignore[untyped-decorator]
    def compare() -> BaseResponse:
        """Have the files read, to compare what they would answer with what is live."""
        needs("editor")
        if candidate.begin(row[3] for row in kept()):
            staff.note(current_user.name, "compared the files with what is live")
        return redirect(url_for("transcripts.show_compared"), 303)

    @routes.get("/compare")
    @login_required  # type: ignore[untyped-decorator]
    def show_compared() -> str:
        """Show which replies would change, or how far the reading is."""
        found = candidate.look()
        rows: list[Compared] = []
        if isinstance(found, Found) and found.revision:
            rows = [compared(row[0], row[3], turns, found) for row in kept()]
        return render_template(
            "compared.html", found=found, rows=rows, live=turns.line.library.revision,
            current=isinstance(found, Found) and candidate.is_current(found),
        )  # fmt: skip

    @routes.get("/<name>.txt")
    @login_required  # type: ignore[untyped-decorator]
    def download(name: str) -> Response:
        """Give a transcript as a file for tests/transcripts."""
        attached = {"Content-Disposition": f"attachment; filename={name}.txt"}
        return Response(one(name), mimetype="text/plain; charset=utf-8", headers=attached)

    @routes.post("/<name>/remove")
    @login_required  # type: ignore[untyped-decorator]
    def remove(name: str) -> BaseResponse:
        one(name)
        turns.store.change("DELETE FROM transcripts WHERE name = ?", name)
        staff.note(current_user.name, f"removed the transcript {name}")
        return redirect(url_for("transcripts.index"), 303)

    return routes


def _read(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        abort(400, gettext("This is no transcript: it is no UTF-8 text."))
    if "\0" in text or not text.strip():
        said = gettext(
            "This is no transcript: choose a text file of lines that begin with > and <."
        )
        abort(400, said)
    return text
