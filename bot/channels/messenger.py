"""Facebook Messenger: `/messenger/messages` takes, `/me/messages` of the Graph API sends.

Messages come in batches: `entry[].messaging[]`, each with a message, a tapped button (`postback`)
or something else (read, delivered, a reaction, an edit ...). What the page itself sends comes back
as `is_echo`; what another app is answering comes under `standby`. A sender is known by an id that
is the page's own for that person. A tapped quick reply brings its payload, and so does the button
Get Started, whose payload has to be set to MENU. A reply goes to that id within 24 hours, with at
most 13 quick replies of 20 characters. That a text has at most 2,000 characters is long known, but
stands on no page of today.

Read on 2026-11-29: developers.facebook.com, business-messaging/messenger-platform: webhook-events
(messages, message-echoes, message-edits, message-reactions, messaging_postbacks, standby),
send-messages, send-messages/quick-replies, reference/send-api, error-codes.
"""

import hmac
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bot import sms
from bot.channels import meta
from bot.channels.channel import Channel
from bot.config import Config
from bot.model import Choice, Inbound, Reply
from bot.outbox import Outcome, Send
from bot.platforms import Messenger
from bot.posts import Outgoing
from bot.turn import Report, Take

if TYPE_CHECKING:
    import httpx
    from flask import Blueprint

NAME: Final = "messenger"
PRODUCT: Final = "page"

LONGEST_TEXT: Final = 2000
MOST_QUICK_REPLIES: Final = 13
LONGEST_TITLE: Final = 20

WINDOW: Final = "more than 24 hours have passed since the person wrote"
ABSENT: Final = "the person cannot be written to: blocked, or no longer there"

PUT_OFF: Final[Mapping[int, str]] = {
    1200: "Messenger's service is away for a while",
    80001: "the page makes too many calls",
    80006: "the page sends too much at once",
}
"""Codes of the Send API that pass, and what they mean."""

GIVEN_UP: Final[Mapping[int, str]] = {
    551: ABSENT,
    1545041: f"{ABSENT}, or {WINDOW}",
    2018001: "nobody has this id on this page: is the token that of the page?",
    2018065: WINDOW,
    2018278: WINDOW,
}
"""Codes and subcodes of the Send API that do not pass by themselves, and what they mean."""


class Entry(msgspec.Struct, frozen=True):
    """The news of one page; what is in `standby` is answered by another app."""

    id: str = ""
    messaging: list[msgspec.Raw] = []


class Party(msgspec.Struct, frozen=True):
    """A person or a page."""

    id: str = ""


class Payload(msgspec.Struct, frozen=True):
    """What a tapped quick reply brings."""

    payload: str | None = None


class Message(msgspec.Struct, frozen=True):
    """One message; files and what it answers are left out."""

    mid: str
    text: str | None = None
    is_echo: bool = False
    is_deleted: bool = False
    quick_reply: Payload | None = None
    attachments: list[msgspec.Raw] | None = None


class Postback(msgspec.Struct, frozen=True):
    """A tapped button."""

    mid: str | None = None
    payload: str | None = None
    title: str | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that happened; with neither a message nor a postback, nothing to answer."""

    sender: Party = Party()
    recipient: Party = Party()
    timestamp: int | str = 0
    message: Message | None = None
    postback: Postback | None = None


_ENTRY: Final = msgspec.json.Decoder(Entry)
_EVENT: Final = msgspec.json.Decoder(Event)


def routes(config: Config, take: Take, _: Report) -> "Blueprint":
    """Make the routes of this channel."""
    mine = settings(config)
    known = partial(read, key=mine.app_secret.encode())
    return meta.webhook(NAME, mine.app_secret, mine.verify_token, known, take)


def settings(config: Config) -> Messenger:
    """Give the settings, which are there where this channel is."""
    assert config.messenger is not None  # noqa: S101 - made only where it is there
    return config.messenger


def read(body: bytes, key: bytes) -> Iterator[Inbound]:
    """Read the messages of a verified body, in their order; what is none is left out.

    `key` hashes senders, where an id has to be made.
    """
    for entry in meta.each(_ENTRY, meta.entries(body, PRODUCT)):
        for event in meta.each(_EVENT, entry.messaging):
            if (inbound := inbound_of(event, entry.id, key)) is not None:
                yield inbound


def inbound_of(event: Event, page: str, key: bytes) -> Inbound | None:
    """Read an event; None for what is the page's own, or not to be answered."""
    person, page = event.sender.id, event.recipient.id or page
    if not person or person == page:
        return None
    if event.message is not None:
        message = event.message
        if message.is_echo or message.is_deleted or not message.mid:
            return None
        tapped = message.quick_reply.payload if message.quick_reply else None
        id, text = message.mid, tapped or message.text or ""
        media = 0 if text and not message.attachments else 1
    elif event.postback is not None:
        postback = event.postback
        id = postback.mid or made_id(event, key)
        text, media = postback.payload or postback.title or "", 0
    else:
        return None
    # The reply needs the page's token alone; the page's id tells that it goes by a call.
    return Inbound(NAME, person, id, text, media=media, medium="chat", back=page or NAME)


def made_id(event: Event, key: bytes) -> str:
    """Make the id of a tap that has none: the same tap again has the same, and it names nobody."""
    who = hmac.digest(key, f"{event.sender.id}:{event.recipient.id}".encode(), "sha256").hex()
    return f"{event.timestamp}-{who[:16]}"


def sender(config: Config) -> Send:
    """Make what sends replies."""
    mine = settings(config)
    url = f"{mine.api_url}/me/messages"

    def send(client: "httpx.Client", outgoing: Outgoing) -> Outcome:
        body = {
            "recipient": {"id": outgoing.contact},
            "messaging_type": "RESPONSE",
            "message": content_of(outgoing.reply),
        }
        response = meta.post(client, url, mine.access_token, body)
        return meta.outcome(response, PUT_OFF, GIVEN_UP)

    return send


def content_of(reply: Reply) -> dict[str, Any]:
    """Write a reply; an empty list of quick replies would be refused."""
    text = sms.within(sms.clean(reply.text), LONGEST_TEXT)[0]
    quick = [quick_reply(one) for one in shown(reply.choices)]
    return {"text": text, "quick_replies": quick} if quick else {"text": text}


def shown(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Give the choices that there is room for, with titles that fit."""
    return tuple(
        Choice(one.word, meta.shortened(one.title, LONGEST_TITLE))
        for one in meta.chosen(choices, MOST_QUICK_REPLIES)
    )


def quick_reply(choice: Choice) -> dict[str, str]:
    """Write a quick reply."""
    return {"content_type": "text", "title": choice.title, "payload": choice.word}


CHANNEL: Final = Channel(
    NAME, "Messenger", lambda config: config.messenger is not None, routes, sender,
    medium="chat", shown=shown,
)  # fmt: skip
