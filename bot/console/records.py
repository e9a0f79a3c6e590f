"""For editors: replies that testers found wrong, and what staff did."""

import csv
import io
from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from bot.console.language import gettext, moment
from bot.console.signing_in import needs
from bot.console.staff import ROLES, Staff, deed
from bot.model import Reply
from bot.turn import Turns

SHOWN = 200


def blueprint(turns: Turns, staff: Staff) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("records", __name__, url_prefix="/records")

    @routes.before_request
    @login_required  # type: ignore[untyped-decorator]
    def editors_only() -> None:
        needs("editor")

    def remarks() -> list[tuple[int, int, str, str, Reply, str]]:
        rows = turns.store.rows(
            "SELECT number, at, staff, said, reply, remark FROM remarks ORDER BY number DESC"
        )
        return [(*row[:4], Reply.from_json(row[4]), row[5]) for row in rows]

    @routes.get("/")
    def index() -> str:
        """Show remarks, and the last things that staff did."""
        library = turns.line.library
        return render_template(
            "records.html", remarks=remarks(), accounts=staff.all(), moment=moment,
            noted=[(moment(at), who, _in_words(what)) for at, who, what in staff.noted(SHOWN)],
            tags={one: one.replace("_", "-") for one in library.editions},
        )  # fmt: skip

    @routes.get("/remarks.csv")
    def as_csv() -> Response:
        """Give the remarks as CSV."""
        out = io.StringIO()
        rows = csv.writer(out)
        rows.writerow(("when", "who", "texted", "label", "language", "reply", "remark"))
        for _, at, who, said, reply, remark in remarks():
            rows.writerow(
                [
                    _plain(one)
                    for one in (when(at), who, said, reply.label, reply.language, reply.text)
                ]
                + [_plain(remark)]
            )
        attached = {"Content-Disposition": "attachment; filename=remarks.csv"}
        return Response(out.getvalue(), mimetype="text/csv; charset=utf-8", headers=attached)

    @routes.post("/remarks/remove")
    def remove() -> BaseResponse:
        """Remove a remark that was dealt with."""
        number = request.form.get("number", 0, int)
        turns.store.change("DELETE FROM remarks WHERE number = ?", number)
        staff.note(current_user.name, "removed a remark")
        return redirect(url_for("records.index"), 303)

    return routes


def when(at: int) -> str:
    """Write Unix seconds for a spreadsheet, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _plain(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _in_words(noted: str) -> str:
    """Say what somebody did."""
    known, of = deed(noted)
    if not of:
        return gettext(known)
    return gettext(known, what=gettext(of) if of in ROLES else of)
