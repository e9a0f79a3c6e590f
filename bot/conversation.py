"""PURE: one message and what is remembered in, one reply and what to remember out.

Order of concerns: a crisis before anything else, then opt-outs, then what the text asks for. A
reply may be empty: to a contact who opted out, and to what looks like a machine answering us.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from bot.choices import choices
from bot.library import ENGLISH
from bot.line import Line
from bot.model import AUDIENCES, Conversation, Inbound, Reply
from bot.speaker import Speaker
from bot.understanding import Known, Note, understand

QUIET_DAY: Final = 24 * 3600
"""Seconds without a message after which audience, paging and choices are forgotten."""

LOOP_WINDOW: Final = 600
"""Seconds within which the same kind of reply again, with nothing else changed, counts as one more
in a row."""

LOOP_LIMITS: Final = {"out_of_scope": 4}
"""Such replies, after which nothing is sent until something else is asked or the window is over."""
LOOP_LIMIT: Final = 6

BURST_LIMIT: Final = 40
"""Replies of every kind within a window: machines that vary what they say come to an end too."""

NEVER_SILENT: Final = frozenset({"crisis", "help", "stop", "start"})
"""Labels that are answered however often, but in a rush: a crisis, and what carriers want."""

RUSH_WINDOW: Final = 30
RUSH_LIMIT: Final = 14
"""Replies of any kind within so many seconds: with two windows that touch still less than the 30 in
30 seconds at which Twilio takes the two sides for a loop, and blocks them."""


def respond(
    inbound: Inbound, conversation: Conversation, line: Line, now: int, note: Note = None
) -> tuple[Reply, Conversation]:
    """Answer one message. Never raises, whatever the text and whatever was remembered.

    `now` is Unix seconds; `note` takes down why, rule by rule. A reply with an empty text means
    that nothing is sent.
    """
    line = line.in_medium(inbound.medium)
    before = _rested(conversation, line, now)
    if not before.language and inbound.hint in line.library.editions:
        before = replace(before, language=inbound.hint)
    reply, after = _answered(inbound, before, line, now, note)
    if inbound.medium == "chat":
        reply = replace(reply, choices=choices(reply, after, line))
    rush = before.rush + 1 if 0 <= now - before.rushed < RUSH_WINDOW else 1
    rushed = before.rushed if rush > 1 else now
    if rush > RUSH_LIMIT and reply.label != "stop":  # after which there is silence anyway
        reply = replace(reply, text="", choices=())
    if reply.label == "forget":  # all but the opt-out, and, for a moment, how many replies it got
        return reply, Conversation(
            opted_out=after.opted_out, asked_at=after.asked_at, rush=rush, rushed=rushed
        )
    recent = 0 <= now - before.heard <= LOOP_WINDOW
    again = recent and reply.label == before.label and _progress(after) == _progress(before)
    streak = before.streak + 1 if again else 1
    limit = LOOP_LIMITS.get(reply.label, LOOP_LIMIT)
    new_window = not 0 <= now - before.began <= LOOP_WINDOW  # a clock may be set back
    burst, began = (1, now) if new_window else (before.burst + 1, before.began)
    silent = streak > limit or burst > BURST_LIMIT
    if silent and reply.label not in NEVER_SILENT:
        # `heard` and `began` stay: a person who goes on is answered again after the window.
        counted = replace(before, streak=streak, burst=burst, rush=rush, rushed=rushed)
        return replace(reply, text="", choices=()), counted
    if streak == limit and reply.label == "out_of_scope":
        pause = line.library.edition(reply.language).say("unknown_pause")
        reply = replace(reply, text=pause if line.layout.fits(pause) else reply.text)
    return reply, replace(
        after,
        label=reply.label,
        streak=streak,
        burst=burst,
        began=began,
        rush=rush,
        rushed=rushed,
        heard=now,
    )


def _progress(state: Conversation) -> tuple[object, ...]:
    """Give what changes as a person gets on; machines that answer each other do not."""
    return (
        state.language, state.audience, state.screen, state.page, state.asked, state.offered,
        state.opted_out,
    )  # fmt: skip


def apologise(inbound: Inbound, line: Line, opted_out: bool = False) -> Reply:
    """Answer when the conversation cannot be read or kept: a crisis still gets its reply.

    Else an apology in every language that carriers prescribe, as nothing tells which one to use;
    and nothing where the carrier has answered, or to a contact known to be `opted_out`.
    """
    if inbound.carrier_answered:
        return Reply(inbound.carrier_answered)
    if understand(inbound.text, line.vocabulary).kind == "crisis":
        return _answered(inbound, Conversation(), line, 0)[0]
    if opted_out:
        return Reply("stop")
    editions = map(line.library.edition, line.library.prescribed)
    texts = list(dict.fromkeys(edition.say("apology") for edition in editions))
    return Reply("out_of_scope", line.layout.lines(texts[:1], *texts[1:]), ENGLISH)


def _rested(conversation: Conversation, line: Line, now: int) -> Conversation:
    """Forget what a quiet day wipes, and what this release's content no longer has."""
    if now - conversation.heard > QUIET_DAY:
        conversation = replace(
            conversation, audience="", screen="", read_in="", page=0, opening=False, asked=(),
            offered=(), rest="",
        )  # fmt: skip
    language = conversation.language if conversation.language in line.library.editions else ""
    screens = line.layout.screens
    screen = conversation.screen if (conversation.screen, ENGLISH, False) in screens else ""
    read_in = conversation.read_in if conversation.read_in in line.library.editions else ENGLISH
    pages = screens[screen, read_in, conversation.opening].pages if screen else ()
    there = line.library.offers
    offered = conversation.offered if there.issuperset(conversation.offered) else ()
    return replace(
        conversation,
        language=language,
        chosen=conversation.chosen and bool(language),
        audience=conversation.audience if conversation.audience in AUDIENCES else "",
        screen=screen,
        read_in=read_in,
        page=max(0, min(conversation.page, len(pages) - 1)),
        asked=tuple(label for label in conversation.asked if label in there),
        offered=offered,
    )


def _answered(
    inbound: Inbound, conversation: Conversation, line: Line, now: int, note: Note = None
) -> tuple[Reply, Conversation]:
    if inbound.carrier_answered:
        label = inbound.carrier_answered
        opted_out = conversation.opted_out if label == "help" else label == "stop"
        asked_at = conversation.asked_at if label == "help" else now
        return Reply(label), replace(conversation, opted_out=opted_out, asked_at=asked_at)
    if inbound.text.strip() in line.library.crisis_replies:
        return Reply("out_of_scope"), conversation  # our own, come back: it would go round for ever
    known = Known(conversation.language, conversation.audience, conversation.screen)
    intent = understand(inbound.text, line.vocabulary, note, known)
    today = datetime.fromtimestamp(now, UTC).date()
    speaker = Speaker(line, conversation, intent, today)
    if intent.kind == "crisis":
        return speaker.phrase("crisis", "crisis")
    if intent.kind == "command" and intent.value in ("stop", "start"):
        conversation = replace(conversation, asked_at=now)
        speaker = Speaker(line, conversation, intent, today)
    if conversation.opted_out and intent.value == "forget":
        return Reply("forget"), conversation
    if conversation.opted_out and intent.value != "start":
        return Reply("stop"), conversation
    if inbound.handoff and (intent.kind, intent.value) == ("command", "support"):
        return speaker.phrase("handed_over", "support")
    if intent.kind == "unknown" and inbound.media and not inbound.text.strip():
        return speaker.phrase("words_only", "out_of_scope")
    return speaker.answer()
