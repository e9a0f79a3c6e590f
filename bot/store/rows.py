"""What every store does with what it kept: read it, or go on without where it is damaged."""

import logging
from typing import Final

from bot.model import Conversation, Reply

KEEP_REPLIES: Final = 48 * 3600
"""Seconds for which a repeated message id gets the same reply."""

KEEP_SIMULATED: Final = 30 * 24 * 3600
"""Seconds for which what staff tried out is kept."""

KEEP_POSTS: Final = 7 * 24 * 3600
"""Seconds for which what could not be sent is kept, for an operator who mends why."""

KEEP_PARTS: Final = 30 * 60
"""Seconds for which a part of a text waits for the others: twice the longest time between two tries
of a carrier to bring one."""

FEWEST: Final = 5
"""Counts below this are not told in reports."""

DAY: Final = 24 * 3600

OPTED_OUT: Final = Conversation(opted_out=True).to_json()
"""What is left of a contact that is forgotten and has opted out."""

POSTED: Final = (
    "INSERT INTO outbox(message, contact, at, next_at, channel, sealed, tries, lease, holder, "
    "failed) VALUES(?, ?, ?, ?, ?, ?, 0, 0, '', '')"
)

log = logging.getLogger("bot.store")


def kept_reply(text: str | bytes) -> Reply | None:
    """Read the reply to a message that was taken before; a damaged one counts as not taken."""
    try:
        return Reply.from_json(text)
    except ValueError as error:
        log.error("the reply to a message could not be read (%s)", type(error))
        return None


def kept_state(text: str | bytes, opted_out: bool) -> Conversation:
    """Read what is remembered of a contact.

    A damaged row must not silence a person for ever; an opt-out is kept all the same.
    """
    try:
        return Conversation.from_json(text)
    except ValueError as error:
        log.error("a contact's state could not be read and begins anew (%s)", type(error))
        return Conversation(opted_out=opted_out)


def kept_for_a_time(now: int, unmatched_days: int) -> tuple[tuple[str, str, int], ...]:
    """Name each table that is kept for a time only: the column of its age, and what is past."""
    return (
        ("messages", "at", now - KEEP_REPLIES),
        ("deliveries", "at", now - KEEP_REPLIES),
        ("outbox", "at", now - KEEP_POSTS),
        ("concatenated", "at", now - KEEP_PARTS),
        ("simulated", "at", now - KEEP_SIMULATED),
        ("unmatched", "day", now // DAY - unmatched_days),
    )
