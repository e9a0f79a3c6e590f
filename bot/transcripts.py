"""Golden transcripts: conversations as text files, played through the same turn as the webhook.

    # Anything after a hash at the start of a line is a remark.
    @ +25h                  time passes (s, m, h, d)
    @ media                 the next message carries a picture
    @ settled STOP          the next message comes with the carrier's own OptOutType
    @ chat                  all of it is in a chat, which has room for more and shows buttons
    @ people                people are told of who asks for them
    > CART                  what the person texts (a lone > is an empty text)
    < For adults: ...       what comes back, line by line
    = nothing               nothing comes back
    = [1] [MENU]            the words of the buttons below the reply, in a chat

A transcript that is played says what would come now: what differs has changed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from bot.line import Line
from bot.model import Inbound, Medium, OptOut, Reply
from bot.store.sqlite import SqliteStore
from bot.turn import Turns

NOTHING: Final = "= nothing"
HANDED_OVER: Final = frozenset({"support"})
EVER: Final[Mapping[str, Callable[[Inbound], Inbound]]] = {
    "@ chat": lambda one: replace(one, medium="chat"),
    "@ people": lambda one: replace(one, handoff=True),
}
"""Directions that hold for all of a transcript."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_OPT_OUT: Final[Mapping[str, OptOut]] = {"STOP": "stop", "START": "start", "HELP": "help"}


class NoTranscriptError(ValueError):
    """A row that no transcript has; `direction` tells that it was meant to be one."""

    def __init__(self, row: str, *, direction: bool = False) -> None:
        super().__init__(f"not a {'direction' if direction else 'line'} of a transcript: {row!r}")
        self.row, self.direction = row, direction


@dataclass
class Clock:
    """The clock of a transcript, which begins on 2027-01-15 and is moved by its directions."""

    now: int = 1_800_000_000

    def __call__(self) -> int:
        """Give Unix seconds."""
        return self.now


def play(text: str, line: Line) -> str:
    """Play a transcript and give it back with the replies that come now.

    Raises NoTranscriptError, naming the line, for what is no transcript.
    """
    clock = Clock()
    store = SqliteStore(":memory:")
    store.migrate()
    turns = Turns(line, store, b"key", clock)
    empty = Inbound("transcript", "+15145550123", "", "")
    coming, count, out = empty, 0, []
    for row in text.splitlines():
        if row.startswith(("<", "=")):
            continue
        out.append(row)
        if row in EVER:
            coming = empty = EVER[row](empty)
            turns.handoff = HANDED_OVER if coming.handoff else turns.handoff
        elif row.startswith("@"):
            coming = _direct(row, coming, clock)
        elif row.startswith(">"):
            count += 1
            clock.now += 20
            reply = turns.take(replace(coming, id=str(count), text=_typed(row)))
            coming = empty
            out += _replied(reply)
        elif row.strip() and not row.startswith("#"):
            raise NoTranscriptError(row)
    store.close()
    return "\n".join(out) + "\n"


def _replied(reply: Reply) -> list[str]:
    rows = [f"< {part}".rstrip() for part in reply.text.split("\n")] if reply.text else [NOTHING]
    if reply.choices:
        rows.append("= " + " ".join(f"[{choice.word}]" for choice in reply.choices))
    return rows


def _typed(row: str) -> str:
    return row[1:].removeprefix(" ").replace("\\n", "\n")


def _direct(row: str, coming: Inbound, clock: Clock) -> Inbound:
    words = row[1:].split()
    if words == ["media"]:
        return replace(coming, media=1)
    if len(words) == 2 and words[0] == "settled" and words[1] in _OPT_OUT:
        return replace(coming, carrier_answered=_OPT_OUT[words[1]])
    passed = re.fullmatch(r"\+(\d+)([smhd])", words[0]) if len(words) == 1 else None
    if passed is None:
        raise NoTranscriptError(row, direction=True)
    clock.now += int(passed[1]) * _UNITS[passed[2]]
    return coming


def exchanges(played: str) -> list[tuple[str, str]]:
    """Give what was texted in a transcript that was played, and what came back."""
    found: list[tuple[str, list[str]]] = []
    for row in played.splitlines():
        if row.startswith(">"):
            found.append((_typed(row), []))
        elif row.startswith("<") and found:
            found[-1][1].append(row[1:].removeprefix(" "))
    return [(texted, "\n".join(reply)) for texted, reply in found]


def written(
    exchanges: Iterable[tuple[str, Reply]], medium: Medium = "sms", remark: str = ""
) -> str:
    """Write what was texted in a medium, and what came back, as a transcript."""
    out = [f"# {line}" for line in remark.splitlines()]
    out += ["@ chat"] if medium == "chat" else []
    for text, reply in exchanges:
        out.append("> " + text.replace("\n", "\\n"))
        out += _replied(reply)
    return "\n".join(out) + "\n"
