"""PURE: what a chat may show as buttons below a reply: only what the reply itself names.

So a person without buttons can do the same by texting, and no button says more than the text.
"""

from typing import Final

from bot.library import ENGLISH, Edition
from bot.line import Line
from bot.model import Choice, Conversation, Reply

HINTS: Final = (
    ("more", "reply_more"),
    ("child", "reply_child"),
    ("adult", "reply_adult"),
)
"""Commands, each with the phrase of a reply that tells to text its word."""

WITHOUT: Final = frozenset({"stop", "crisis", "forget"})
"""Labels below whose reply nothing is offered: it says itself all that is to be done."""

LANGUAGE: Final = "language:"


def choices(reply: Reply, after: Conversation, line: Line) -> tuple[Choice, ...]:
    """Give what may be texted next, numbers first, as far as the reply shows it."""
    if not reply.text or reply.label in WITHOUT:
        return ()
    edition = line.library.edition(reply.language)
    shown = reply.text.split("\n")
    numbers = [
        Choice(str(number), title)
        for number, label in enumerate(after.offered, 1)
        if (title := _title(label, edition, line))
        and edition.say("choice", number=number, title=title) in shown
    ]
    named = [word for word, phrase in HINTS if edition.say(phrase) in reply.text]
    if not numbers:
        named.append("menu")
    words = {one: edition.words.get(one, "") for one in named}
    return (*numbers, *(Choice(word, word) for word in words.values() if word))


def _title(label: str, edition: Edition, line: Line) -> str:
    if label.startswith(LANGUAGE):
        return line.library.edition(label.removeprefix(LANGUAGE)).name
    topic = label.partition(".")[2]
    return edition.titles.get(topic) or line.library.editions[ENGLISH].titles.get(topic, "")
