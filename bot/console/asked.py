"""What people ask, in counts: by label, language, channel and hour. Nothing of anyone.

Counts under 5 are not told; the texts are those that an operator has had kept, scrubbed.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, abort, render_template, request, session
from flask_login import login_required

from bot.channels import ERRORS
from bot.config import Config
from bot.console.language import gettext, ngettext, number
from bot.console.signing_in import needs
from bot.marking import to_translate
from bot.outbox import dead, waiting
from bot.store.rows import DAY, FEWEST
from bot.turn import Turns

PERIODS: Final = {
    "1": to_translate("today"),
    "7": to_translate("the last 7 days"),
    "30": to_translate("the last 30 days"),
}

Row = tuple[int, int, str, str, str, int, int]
"""Day, hour, channel, language, label, turns, segments."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what is counted, the counts, and the largest, for the length of the bars."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, int], ...]

    @property
    def most(self) -> int:
        """Give the largest count."""
        return max((count for _, count in self.rows), default=1)


TABLES: Final[dict[str, tuple[str, str, Callable[[Row], str]]]] = {
    "labels": (to_translate("Answers"), to_translate("answer"), lambda row: row[4]),
    "languages": (to_translate("Languages"), to_translate("language"), lambda row: row[3] or "-"),
    "channels": (to_translate("Channels"), to_translate("channel"), lambda row: row[2]),
    "hours": (
        to_translate("Hours of the day (UTC)"),
        to_translate("hour"),
        lambda row: f"{row[1]:02}:00",
    ),
}
"""By name: title, head of the first column, and what of a row it counts."""

CRISIS: Final = to_translate("crisis")
"""No share is told of it: there are few."""
SHARES: Final = {
    to_translate("not answered"): ("out_of_scope",),
    to_translate("asked back"): ("clarify",),
    CRISIS: ("crisis",),
    to_translate("opted out"): ("stop",),
    to_translate("forgotten"): ("forget",),
}


def tables(rows: Iterable[Row]) -> list[Table]:
    """Count turns by each of what TABLES names, and segments by language."""
    rows = list(rows)
    found = []
    for name, (title, head, key) in TABLES.items():
        counts: Counter[str] = Counter()
        for row in rows:
            counts[key(row)] += row[5]
        listed = sorted(counts.items()) if name == "hours" else counts.most_common()
        found.append(Table(name, title, (head, to_translate("messages")), tuple(listed)))
    segments: Counter[str] = Counter()
    spoken = Counter[str]()
    for row in rows:
        segments[row[3] or "-"] += row[6]
        spoken[row[3] or "-"] += row[5]
    for language, turns in spoken.items():
        if turns < FEWEST:  # or the segments of a few messages would tell of them
            segments[language] = min(segments[language], FEWEST - 1)
    listed = segments.most_common()
    heads = ("language", to_translate("segments"))
    found.append(Table("segments", to_translate("Segments sent"), heads, tuple(listed)))
    return found


def told(count: int) -> str:
    """Write a count; a small one might point at a person."""
    return str(count) if count >= FEWEST or count == 0 else f"<{FEWEST}"


def shown(count: int) -> str:
    """Write a count for a page."""
    return told(count) if 0 < count < FEWEST else number(count)


def in_all(days: str, count: int) -> str:
    """Say how many messages came in a period."""
    num = shown(count)
    if days == "1":
        return ngettext("%(num)s message today.", "%(num)s messages today.", count, num=num)
    if days == "7":
        return ngettext(
            "%(num)s message in the last 7 days.", "%(num)s messages in the last 7 days.",
            count, num=num,
        )  # fmt: skip
    return ngettext(
        "%(num)s message in the last 30 days.", "%(num)s messages in the last 30 days.",
        count, num=num,
    )  # fmt: skip


def blueprint(config: Config, turns: Turns) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("asked", __name__, url_prefix="/asked")

    def counted(days: str) -> list[Row]:
        if days not in PERIODS:
            abort(400, gettext("A period is one of %(days)s days.", days=", ".join(PERIODS)))
        if turns.counts:
            turns.counts.write(turns.store)
        first = turns.clock() // DAY - int(days) + 1
        return turns.store.rows(
            "SELECT day, hour, channel, language, label, turns, segments FROM counts "
            "WHERE day >= ?", first,
        )  # fmt: skip

    @routes.before_request
    @login_required  # type: ignore[untyped-decorator]
    def editors_only() -> None:
        needs("editor")

    @routes.get("/")
    def index() -> str:
        """Show tables with bars, and the texts that were not understood."""
        days = request.args.get("days", "7")
        rows = counted(days)
        whole = sum(row[5] for row in rows)
        shares = {
            name: sum(row[5] for row in rows if row[4] in labels) for name, labels in SHARES.items()
        }
        letters = Counter((one.channel, one.failed) for one in dead(turns.store))
        unmatched = Counter((row.language, row.text) for row in turns.store.unmatched())
        return render_template(
            "asked.html", tables=tables(rows), shown=shown, days=days, periods=PERIODS, whole=whole,
            in_all=in_all(days, whole), crisis=CRISIS,
            shares=shares, fewest=FEWEST, failures=turns.store.failures()[:50], errors=ERRORS,
            waiting=waiting(turns.store), letters=letters.most_common(50),
            unmatched=unmatched.most_common(200), kept_days=config.unmatched_days,
            price=float(session.get("price", 0.01)),
        )  # fmt: skip

    @routes.get("/<name>.csv")
    def as_csv(name: str) -> Response:
        """Give one table as CSV."""
        found = {table.name: table for table in tables(counted(request.args.get("days", "7")))}
        if name not in found:
            names = ", ".join(found)
            abort(404, gettext("There is no such table. There are %(names)s.", names=names))
        out = io.StringIO()
        rows = csv.writer(out)
        rows.writerow(found[name].heads)
        rows.writerows((what, told(count)) for what, count in found[name].rows)
        attached = {"Content-Disposition": f"attachment; filename={name}.csv"}
        return Response(out.getvalue(), mimetype="text/csv; charset=utf-8", headers=attached)

    return routes
