"""Any texts, in any order, from any state: understood as something, answered within the budget.

An input: a byte for the budget and for where the conversation begins, then fields. Where it begins
from a kept state the first field is that state's JSON, damaged or not; each other one is a message,
after a byte each for the time that passes, for pictures, and for what the carrier answered.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, get_args
from xml.sax.saxutils import escape

from msgspec import structs

from bot import conversation, sms, understanding
from bot.line import Line
from bot.model import AUDIENCES, SYSTEM_LABELS, Conversation, Inbound, Reply
from bot.pages import Layout
from bot.speaker import WHOLE
from bot.understanding import Intent, Known, Weights
from bot.understanding.intent import Kind
from tests.fuzz.shapes import fields, taken, text

NOW: Final = 1_800_000_000
PAUSES: Final = (0, 30, 700, 90_000, -5_000)
CARRIER: Final = ("", "", "", "", "", "stop", "start", "help")
KINDS: Final = get_args(Kind)
NOTHING_WEIGHED: Final = Weights.of({})
MOST_WORDS: Final = 8000
"""Of the line's; a dictionary of the fuzzer holds twice as many."""
LONGEST: Final = 600
"""Characters of a message: longer ones take only longer."""
SENT_AS_ONE: Final = ("crisis", "stop", "start")

assert set(SENT_AS_ONE) == WHOLE


def words(line: Callable[[], Line]) -> Iterable[bytes]:
    """Give the words that the line knows, and the keys and values of a state."""
    for keyword in line().library.keywords[:: len(line().library.keywords) // MOST_WORDS + 1]:
        yield keyword.text.encode()
    state = Conversation(
        "fr", True, "child", "child.cart", "fr", 1, True, ("adult.cart",), ("language:fr",), "rest",
        True, True, ("fr",), "menu", 2, 3, NOW, NOW,
    )  # fmt: skip
    for part in state.to_json().strip("{}").split(","):
        yield part.encode() + b","
    for label in line().library.editions["en"].answers:
        yield label.encode()


def make(_: Path, line: Callable[[], Line]) -> Callable[[bytes], None]:
    """Make the target, with a line of the usual budget and one whose pages hold least."""
    usual = line()
    layout = Layout(usual.library, usual.layout.base_url, sms.Budget(2, 2))
    tight = replace(usual, layout=layout)
    assert tight.layout.screens  # cut now, and not within the first input
    return lambda data: check((usual, tight), data)


def check(lines: tuple[Line, Line], data: bytes) -> None:
    """Play one conversation."""
    (kind,), data = taken(data, 1)
    line = lines[kind & 1]
    messages = fields(data, most=7)
    state, now = Conversation(), NOW
    if kept := bool(kind & 2):
        state = _kept(messages.pop(0))
    for number, message in enumerate(messages):
        (head,), message = taken(message, 1)
        now += PAUSES[(head & 15) % len(PAUSES)]
        inbound = Inbound(
            "test", "+1", str(number), text(message)[:LONGEST], media=head >> 4 & 1,
            carrier_answered=CARRIER[head >> 5],  # type: ignore[arg-type]
        )  # fmt: skip
        danger, alone = understood(inbound.text, line, state)
        state = answered(inbound, line, state, now, danger=danger and not kept)
        sorry = conversation.apologise(inbound, line, state.opted_out)
        _sent(sorry, line)
        assert (sorry.label == "crisis") == (alone and not inbound.carrier_answered)


def _kept(data: bytes) -> Conversation:
    """Read a state as the store does: what is damaged is noticed, and begun anew.

    A rest to say that no phrase could have left would be said as it is.
    """
    try:
        state = Conversation.from_json(data)
    except ValueError:
        return Conversation()
    ours = sms.clean(state.rest) == state.rest and "{" not in state.rest
    return state if ours else structs.replace(state, rest="")


def understood(read: str, line: Line, state: Conversation) -> tuple[bool, bool]:
    """Understand a text by itself and in the light of what went before.

    Tells whether it is of danger: by the rules alone, which nothing that went before may change,
    and when all is weighed.
    """
    told: list[str] = []
    rules_alone = replace(line.vocabulary, weights=NOTHING_WEIGHED)
    danger = understanding.understand(read, rules_alone).kind == "crisis"
    alone = understanding.understand(read, line.vocabulary)
    assert understanding.understand(read, line.vocabulary, told.append) == alone
    assert told, "nothing tells why"
    for known in (
        Known(state.language, state.audience, state.screen),
        Known("fr", "child", "child.cart"),
    ):
        intent = understanding.understand(read, line.vocabulary, known=known)
        assert intent.kind == "crisis" or not danger, "danger depends on the past"
        _sound(intent, line)
    _sound(alone, line)
    return danger, alone.kind == "crisis"


def _sound(intent: Intent, line: Line) -> None:
    labels, languages = line.library.offers, line.library.editions.keys()
    assert intent.kind in KINDS
    assert intent.audience in ("", *AUDIENCES)
    if intent.kind == "language":
        assert {intent.value, *intent.targets} <= languages
    elif intent.kind == "topic":
        audiences = [label.partition(".")[0] for label in intent.targets]
        assert audiences, "a topic of nobody"
        assert len(set(audiences)) == len(audiences), "two answers for one audience"
    assert {one for one in intent.near if not one.endswith(".menu")} <= labels


def answered(
    inbound: Inbound, line: Line, before: Conversation, now: int, *, danger: bool
) -> Conversation:
    """Answer one message, and give the state as the store would give it back."""
    reply, after = conversation.respond(inbound, before, line, now)
    assert (reply, after) == conversation.respond(inbound, before, line, now), "chance is in it"
    _sent(reply, line)
    kept = Conversation.from_json(after.to_json())
    assert kept == after, "the state is another when it comes back"
    if before.opted_out and not inbound.carrier_answered:
        assert not reply.text or reply.label in ("crisis", "start"), "who opted out was answered"
        assert kept.opted_out or reply.label == "start", "an opt-out was lost"
    if danger and not inbound.carrier_answered:
        assert (reply.label, bool(reply.text)) == ("crisis", True), "danger was not answered"
    return kept


def _sent(reply: Reply, line: Line) -> None:
    fits = line.layout.fits(reply.text) or reply.label in SENT_AS_ONE
    assert fits, f"over the budget: {_named(reply, line)}"
    assert "{" not in reply.text, "a slot was left open"
    assert reply.label in SYSTEM_LABELS or reply.label.startswith(("adult.", "child.", "language:"))
    assert reply.language in ("", *line.library.editions)
    cleaned = sms.clean(reply.text)
    assert cleaned == reply.text, "what is sent is not what was measured"
    assert ET.fromstring(f"<a>{escape(cleaned)}</a>").text == (cleaned or None)
    assert Reply.from_json(reply.to_json()) == reply


def _named(reply: Reply, line: Line) -> str:
    """Name the phrase that a reply is, or its label."""
    phrases = line.library.edition(reply.language).phrases
    return next((name for name, said in phrases.items() if said == reply.text), reply.label)
