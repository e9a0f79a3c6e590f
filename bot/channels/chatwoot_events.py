"""What Chatwoot tells of a message, and which of it is somebody's words to the line.

Only messages are looked at, only where it is the bot's turn (`pending`), and only what a person
wrote or tapped: not ours, not a colleague's, not a note, not what was changed later. Names, mail
addresses and whatever Chatwoot knows besides are not read at all, or dropped here.

Mail is taken like any text: whoever connected the bot to that inbox wants it so, a pending
conversation is seen by nobody, and the person may be in danger. Only what a mail programme wrote by
itself is left alone.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from bot.model import Medium

STALE: Final = 24 * 3600
"""Seconds after which a message is no longer answered: repeats are known for longer than that."""

READABLE: Final = frozenset({"text", "input_text", "input_textarea", "incoming_email", "sticker"})
"""What incoming messages are; all others are forms, surveys and calls."""

INSTAGRAM: Final = "Channel::Instagram"

LONGEST_TAG: Final = 35
"""Characters that are read of a language's tag."""

_GROUP: Final = re.compile(r"@g\.us\Z")
"""How ids of WhatsApp's groups end, which bridges put in as contacts."""

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
"""A number that goes into an address."""

Attributes = dict[str, Any]


class Numbered(msgspec.Struct, frozen=True):
    """An account."""

    id: Id


class Place(msgspec.Struct, frozen=True):
    """How a contact is known in an inbox: a phone number, an id of a platform's or a browser's."""

    source_id: str | None = None


class Person(msgspec.Struct, frozen=True):
    """Who sends, or whose conversation it is."""

    type: str | None = None
    identifier: str | None = None
    additional_attributes: Attributes | None = None


class Beside(msgspec.Struct, frozen=True):
    """What stands beside a conversation."""

    sender: Person | None = None


class Conversation(msgspec.Struct, frozen=True):
    """A conversation; `id` is its number in its account."""

    id: Id
    inbox_id: Id
    status: str
    channel: str | None = None
    contact_inbox: Place | None = None
    meta: Beside | None = None
    additional_attributes: Attributes | None = None


class Message(msgspec.Struct, frozen=True):
    """A message; `message_type` is a word in some events and a number in others."""

    id: Id
    account: Numbered
    conversation: Conversation
    message_type: str | int
    content: str | None = None
    content_type: str | None = None
    content_attributes: Attributes | None = None
    private: bool | None = None
    sender: Person | None = None
    created_at: str | float | None = None


class Event(msgspec.Struct, frozen=True):
    """What happened: the one thing that all events have."""

    event: str = ""


class Said(NamedTuple):
    """Somebody's words, empty where it was none: a picture, say.

    `contact` is their address: account, inbox, and their id in that inbox. Unlike the number of the
    contact that stays when staff merge contacts, and when one who was deleted writes again, so that
    an opt-out holds; and in another inbox the same id can be somebody else.
    """

    id: str
    contact: str
    text: str
    account: int
    conversation: int
    channel: str
    medium: Medium
    hint: str


_EVENT: Final = msgspec.json.Decoder(Event)
_MESSAGE: Final = msgspec.json.Decoder(Message)


def read(body: bytes, now: int) -> Said | None:
    """Read an event; None for what is nobody's words to the line.

    Raises MsgspecError, with a line that quotes nothing, for what is no event of Chatwoot's.
    """
    event = _EVENT.decode(body).event
    if event not in ("message_created", "message_updated"):
        return None
    message = _MESSAGE.decode(body)
    conversation = message.conversation
    if conversation.status != "pending" or message.private or is_group(conversation):
        return None
    created = event == "message_created"
    text = written(message, now) if created else tapped(message)
    if text is None:
        return None
    source_id = conversation.contact_inbox and conversation.contact_inbox.source_id
    if not source_id:
        raise msgspec.ValidationError("`$.conversation.contact_inbox.source_id` is needed")
    channel = channel_of(conversation)
    return Said(
        id=str(message.id) if created else f"{message.id}:tap",
        contact=f"{message.account.id}/{conversation.inbox_id}/{source_id}",
        text=text,
        account=message.account.id,
        conversation=conversation.id,
        channel=channel,
        medium=medium_of(channel, source_id),
        hint=language_of(conversation),
    )


def written(message: Message, now: int) -> str | None:
    """Give what a person wrote, empty where it is no words; None for what no person wrote."""
    if message.message_type not in ("incoming", 0):
        return None
    if message.sender and message.sender.type not in (None, "contact"):
        return None
    if (message.content_type or "text") not in READABLE or is_automatic(message):
        return None
    if now - moment(message.created_at, now) > STALE:
        return None
    return (message.content or "").strip()


def tapped(message: Message) -> str | None:
    """Give the word of the button that was tapped below a message of a bot; None if none was."""
    if message.content_type != "input_select" or not message.sender:
        return None
    if message.message_type not in ("outgoing", 1) or message.sender.type != "agent_bot":
        return None
    match (message.content_attributes or {}).get("submitted_values"):
        case [{"value": str(word)}, *_] if word:
            return word
    return None


def is_automatic(message: Message) -> bool:
    """Tell whether a mail programme wrote it: that somebody is away, or the like."""
    mail = (message.content_attributes or {}).get("email")
    return isinstance(mail, dict) and mail.get("auto_reply") is True


def is_group(conversation: Conversation) -> bool:
    """Tell whether many read along."""
    person = conversation.meta.sender if conversation.meta else None
    place = conversation.contact_inbox
    ids = (person and person.identifier, place and place.source_id)
    return any(_GROUP.search(one) for one in ids if one)


def moment(said: str | float | None, now: int) -> float:
    """Give Unix seconds of a time as Chatwoot writes it; now where it cannot be read."""
    if not isinstance(said, str):
        return now if said is None else said
    try:
        told = datetime.fromisoformat(said.replace(" UTC", "Z"))
    except ValueError:
        return now
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def channel_of(conversation: Conversation) -> str:
    """Give the kind of inbox; one of a page of Facebook's has Instagram's messages too."""
    kind = (conversation.additional_attributes or {}).get("type")
    return INSTAGRAM if kind == "instagram_direct_message" else conversation.channel or ""


def medium_of(channel: str, source_id: str) -> Medium:
    """Tell what replies are cut for. A Twilio inbox does not say which it is, its contacts do.

    Instagram takes 1,000 characters: an answer of a chat could be longer, one of SMS is not.
    """
    texts = channel == "Channel::TwilioSms" and not source_id.startswith("whatsapp:")
    return "sms" if texts or channel in ("Channel::Sms", INSTAGRAM) else "chat"


def language_of(conversation: Conversation) -> str:
    """Give the language of the person's browser, or of their Telegram; empty if none is told."""
    told = conversation.additional_attributes or {}
    person = conversation.meta.sender if conversation.meta else None
    browser = told.get("browser")
    tags = (
        told.get("browser_language"),
        browser.get("browser_language") if isinstance(browser, dict) else None,
        (person.additional_attributes or {}).get("language_code") if person else None,
    )
    return next((one[:LONGEST_TAG] for one in tags if isinstance(one, str) and one), "")
