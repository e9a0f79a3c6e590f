"""Phones on the screen: any language, audience and channel, through the same turn as the webhook.

Each phone is a contact of its own on a channel of its own, whatever channel it is to look like:
that tells the medium alone. Nothing is sent to anyone, and nothing of it is counted.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from bot import sms
from bot.catalogs import DRAFT, MISSING, REVIEWED, STALE
from bot.channels import CHANNELS
from bot.channels.channel import Channel
from bot.console.costs import marked
from bot.console.language import day, gettext
from bot.console.staff import Staff
from bot.library import ENGLISH, Library, audience_of
from bot.marking import to_translate
from bot.model import AUDIENCES, LONGEST_TEXT, Choice, Conversation, Inbound, Medium, Reply
from bot.transcripts import written
from bot.turn import CONSOLE, Turns, contact_key

MOST_PHONES: Final = 6
SHOWN: Final = 40
"""Messages of a phone that are shown."""
LONGEST_PRICE: Final = 12
MOST_NUMBERS: Final = 9

CHATS: Final = {name: one for name, one in CHANNELS.items() if one.routes and one.medium == "chat"}
"""Channels that a phone may be on, besides text messages."""

TRANSLATIONS: Final = {
    REVIEWED: to_translate("reviewed translation"),
    DRAFT: to_translate("draft translation"),
    STALE: to_translate("stale translation"),
    MISSING: to_translate("no whole translation"),
}
SHOWN_AUDIENCES: Final = (to_translate("adult"), to_translate("child"))
"""Those of AUDIENCES, to be found for the catalogs."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was texted from a phone, what came back, and why.

    `buttons` are those below the reply, as the chat that the phone is on shows them.
    """

    number: int
    said: str
    reply: Reply
    why: tuple[str, ...]
    size: sms.Size
    marked: tuple[tuple[str, bool], ...]
    sources: tuple[tuple[str, str], ...]
    state: str
    buttons: tuple[Choice, ...]
    in_chat: bool

    @property
    def segments(self) -> int:
        """Segments that are paid for: none where nothing is sent, and none of a chat."""
        return self.size.segments if self.reply.text and not self.in_chat else 0


class Phones:
    """The phones of whoever is signed in, as their session names them."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    @property
    def names(self) -> list[str]:
        """Name each phone."""
        return list(session.get("phones", ()))

    def chat(self, name: str) -> Channel | None:
        """Give the one of CHATS that a phone is on; None for text messages."""
        return CHATS.get(session.get("channels", {}).get(name, ""))

    def medium(self, name: str) -> Medium:
        """Tell what replies to a phone are cut for."""
        return "chat" if self.chat(name) else "sms"

    def add(self, language: str, audience: str, channel: str = "") -> None:
        """Add a phone; its owner texts the language and the audience first, where one is wanted."""
        if len(self.names) >= MOST_PHONES:
            said = gettext("There are %(num)s phones already. Remove one first.", num=MOST_PHONES)
            abort(400, said)
        edition = self.turns.line.library.editions.get(language)
        name = secrets.token_hex(6)
        session["phones"] = [*self.names, name]
        if channel in CHATS:
            session["channels"] = {**session.get("channels", {}), name: channel}
        if edition is not None:
            self.text(name, edition.name if language != ENGLISH else ENGLISH.upper())
        if audience in AUDIENCES:
            words = (edition or self.turns.line.library.edition(ENGLISH)).words
            self.text(name, words[audience])

    def remove(self, name: str) -> None:
        """Remove a phone, and what is remembered of it."""
        session["phones"] = [one for one in self.names if one != name]
        on = session.get("channels", {})
        session["channels"] = {one: channel for one, channel in on.items() if one != name}
        self.turns.store.erase(self._key(name), opt_out_too=True)
        self.turns.store.change("DELETE FROM simulated WHERE phone = ?", name)

    def text(self, name: str, text: str) -> None:
        """Text the line from a phone."""
        if name not in self.names:
            abort(404, gettext("This phone is not there any more."))
        why: list[str] = []
        inbound = Inbound(
            CONSOLE, name, secrets.token_hex(12), text[:LONGEST_TEXT], medium=self.medium(name)
        )
        reply = self.turns.take(inbound, why.append)
        self.turns.store.change(
            "INSERT INTO simulated(at, phone, said, reply, why) VALUES(?, ?, ?, ?, ?)",
            self.turns.clock(), name, inbound.text.replace("\0", ""), reply.to_json(),
            json.dumps(why).replace("\\u0000", ""),
        )  # fmt: skip

    def exchanges(self, name: str) -> list[Exchange]:
        """Give the last messages of a phone, the oldest first."""
        rows = self.turns.store.rows(
            "SELECT number, said, reply, why FROM simulated WHERE phone = ? "
            "ORDER BY number DESC LIMIT ?",
            name, SHOWN,
        )  # fmt: skip
        library, chat = self.turns.line.library, self.chat(name)
        return [exchange(library, chat, *row) for row in reversed(rows)]

    def transcript(self, name: str) -> str:
        """Write a phone's conversation as a golden transcript."""
        said = ((one.said, one.reply) for one in self.exchanges(name))
        return written(said, self.medium(name))

    def next_words(self, name: str) -> list[str]:
        """Give what a person would text next: numbers that were shown, and commands' words.

        Nothing in a chat, where a reply has buttons of its own.
        """
        if self.chat(name):
            return []
        row = self.turns.store.contact(self._key(name))
        state = Conversation.from_json(row.state) if row else Conversation()
        words = self.turns.line.library.edition(state.language or ENGLISH).words
        numbers = [str(n + 1) for n in range(min(len(state.offered), MOST_NUMBERS))]
        commands = ["more", "adult" if state.audience == "child" else "child", "menu"]
        start = ["start"] if state.opted_out else [*commands, "help", "stop"]
        return [*numbers, *(words[one] for one in start if one in words)]

    def _key(self, name: str) -> bytes:
        return contact_key(self.turns.key, Inbound(CONSOLE, name, "", ""))


def exchange(
    library: Library, chat: Channel | None, number: int, said: str, reply: str, why: str
) -> Exchange:
    """Read what is kept of one message, with what it cost and where it comes from."""
    answered = Reply.from_json(reply)
    size, edition = sms.measure(answered.text), library.edition(answered.language)
    runs = ((answered.text, False),) if chat else marked(answered.text, edition)
    buttons = chat.shown(answered.choices) if chat else ()
    label = f"{answered.audience}.{answered.topic}" if answered.topic else ""
    return Exchange(
        number, said, answered, tuple(json.loads(why)), size, runs, _sources(library, label),
        _state(library, label, answered.language), buttons, chat is not None,
    )  # fmt: skip


def _sources(library: Library, label: str) -> tuple[tuple[str, str], ...]:
    """Give each citation of an answer, and the heading there."""
    answer = library.editions[ENGLISH].answers.get(label)
    if answer is None:
        return ()
    return tuple(
        (str(source), library.documents[source.document].sections[source.section].heading)
        for source in answer.sources
    )


def _state(library: Library, label: str, language: str) -> str:
    """Tell who stands for an answer, and how far its translation is."""
    if not audience_of(label):
        return gettext("draft translation") if library.edition(language).draft else ""
    review = library.reviews.get(label)
    told = [gettext("nobody has signed off this answer")]
    if review and review.signed_off_on:
        on = day(review.signed_off_on)
        told = [gettext("signed off by %(name)s on %(day)s", name=review.signed_off_by, day=on)]
    if review and (review.withdrawn or review.source_moved):
        told.append(gettext("held back"))
    edition = library.edition(language)
    answer = edition.answers[label]
    if answer.state:
        told.append(gettext(TRANSLATIONS[answer.state]))
    if answer.language != edition.language:
        told.append(gettext("sent in English"))
    return "; ".join(told)


def blueprint(turns: Turns, staff: Staff) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("simulator", __name__)
    phones = Phones(turns)

    @routes.get("/")
    @login_required  # type: ignore[untyped-decorator]
    def index() -> str:
        """Show the phones side by side."""
        library = turns.line.library
        shown = [
            {
                "name": name,
                "chat": phones.chat(name),
                "exchanges": phones.exchanges(name),
                "next": phones.next_words(name),
            }
            for name in phones.names
        ]
        return render_template(
            "simulator.html", phones=shown, editions=list(library.editions.values()),
            rtl={one.language for one in library.editions.values() if one.right_to_left},
            tags={one: one.replace("_", "-") for one in library.editions}, audiences=AUDIENCES,
            chats=CHATS.values(), revision=library.revision, most=MOST_PHONES,
            price=float(session.get("price", 0.01)),
        )  # fmt: skip

    @routes.post("/phones")
    @login_required  # type: ignore[untyped-decorator]
    def add() -> BaseResponse:
        form = request.form
        phones.add(form.get("language", ""), form.get("audience", ""), form.get("channel", ""))
        return _back()

    @routes.post("/phones/<name>/remove")
    @login_required  # type: ignore[untyped-decorator]
    def remove(name: str) -> BaseResponse:
        phones.remove(name)
        return _back()

    @routes.post("/text")
    @login_required  # type: ignore[untyped-decorator]
    def text() -> BaseResponse:
        """Text from one phone, or the same text from all of them."""
        if not phones.names:
            phones.add("", "")
        wanted, said = request.form.get("phone", ""), request.form.get("text", "")
        for name in [wanted] if wanted else phones.names:
            phones.text(name, said)
        return _back(wanted)

    @routes.post("/price")
    @login_required  # type: ignore[untyped-decorator]
    def price() -> BaseResponse:
        """Set what a segment costs."""
        said = request.form.get("price", "").replace(",", ".").strip()
        digits = said.isascii() and said.replace(".", "", 1).isdigit()
        if not digits or len(said) > LONGEST_PRICE:
            abort(400, gettext("A price is a number such as 0.0083."))
        session["price"] = said
        return _back()

    @routes.post("/remarks")
    @login_required  # type: ignore[untyped-decorator]
    def remark() -> BaseResponse:
        """Mark a reply as wrong, with a remark: editors see the list."""
        said = request.form.get("remark", "").replace("\0", "").strip()
        rows = turns.store.rows(
            "SELECT phone, said, reply FROM simulated WHERE number = ?",
            request.form.get("number", 0, int),
        )
        if not said or not rows or rows[0][0] not in phones.names:
            abort(400, gettext("Say what is wrong with the reply, in a few words."))
        turns.store.change(
            "INSERT INTO remarks(at, staff, said, reply, remark) VALUES(?, ?, ?, ?, ?)",
            turns.clock(), current_user.name, rows[0][1], rows[0][2], said[:1000],
        )  # fmt: skip
        staff.note(current_user.name, "remarked on a reply")
        return _back(rows[0][0])

    @routes.get("/phones/<name>/transcript")
    @login_required  # type: ignore[untyped-decorator]
    def transcript(name: str) -> Response:
        """Give a phone's conversation as a golden transcript."""
        if name not in phones.names:
            abort(404, gettext("This phone is not there any more."))
        attached = {"Content-Disposition": "attachment; filename=conversation.txt"}
        text = phones.transcript(name)
        return Response(text, mimetype="text/plain; charset=utf-8", headers=attached)

    def _back(name: str = "") -> BaseResponse:
        return redirect(url_for("simulator.index") + (f"#phone-{name}" if name else ""), 303)

    return routes
