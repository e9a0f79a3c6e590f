"""WhatsApp, by Meta's Cloud API: `/whatsapp/messages` takes, `/<number>/messages` there sends.

Messages come in batches: `entry[].changes[].value.messages[]`, where the change's field is
`messages`; what the business's own app sends (`smb_message_echoes`) has another field. A message
names its sender by phone number (`from`) and by an id that is the business's own for that person
(`from_user_id`). People with a username may hide their number: `from` is then empty or missing. The
id stays when that changes, so it is the contact wherever it is there. A reply goes from the number
that was written to (`metadata.phone_number_id`), `to` the person's number or to the `recipient`
with that id, within 24 hours. Text has 4,096 characters; three buttons go below 1,024 of them, a
list of ten rows below 4,096. Statuses and errors tell nothing that is to be answered.

Read on 2026-11-29: developers.facebook.com, business-messaging/whatsapp: webhooks (overview,
messages, group, edit, revoke, unsupported, smb_message_echoes), business-scoped-user-ids, messages
(text, interactive list, interactive reply buttons), support/error-codes; and the data types of pywa
4.5.
"""

import hmac
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from bot import sms
from bot.channels import meta
from bot.channels.channel import Channel
from bot.config import Config
from bot.model import Choice, Inbound, Reply
from bot.outbox import Outcome, Send
from bot.platforms import WhatsApp
from bot.posts import Outgoing
from bot.turn import Report, Take

if TYPE_CHECKING:
    import httpx
    from flask import Blueprint

NAME: Final = "whatsapp"
PRODUCT: Final = "whatsapp_business_account"
FIELD: Final = "messages"
"""Of a change: what people write; all other fields are about something else."""

LONGEST_TEXT: Final = 4096
MOST_BUTTONS: Final = 3
LONGEST_ABOVE_BUTTONS: Final = 1024
LONGEST_BUTTON: Final = 20
MOST_ROWS: Final = 10
LONGEST_ROW: Final = 24
LONGEST_DESCRIPTION: Final = 72

CAPTIONED: Final = frozenset({"image", "video", "document"})
LEFT_ALONE: Final = frozenset({"reaction", "system", "edit", "revoke", "request_welcome"})
"""Types that are no message to answer: `request_welcome` is a chat that was only opened."""
NO_MESSAGE: Final = frozenset({"edit", "revoke", "reaction", "pin", "keep_in_chat", "poll_update"})
"""The same among what the API says that it does not support."""

PUT_OFF: Final[Mapping[int, str]] = {
    80007: "the WhatsApp account makes too many calls",
    130429: "the number sends too much at once",
    131048: "too many of the number's messages were blocked or reported",
    131056: "too many messages to one person at once",
    131000: "WhatsApp had a fault",
    131016: "WhatsApp's service is away for a while",
    131057: "the WhatsApp account is in maintenance",
    133004: "WhatsApp's server is away for a while",
}
"""Codes of the Cloud API that pass, and what they mean."""

GIVEN_UP: Final[Mapping[int, str]] = {
    33: "the number that was written to is no more, or the token may not use it",
    130497: "the account may not write to people in that country",
    131005: meta.PERMISSION,
    131008: "WhatsApp misses something in the call: a fault in here",
    131009: "WhatsApp says that something in the call is wrong: a fault in here",
    131021: "the line would have written to itself",
    131026: "it cannot be delivered: no WhatsApp there, an old one, or blocked",
    131030: "a test number writes only to the numbers on its list: add this one, then replay",
    131031: "the WhatsApp account is locked: see its dashboard, then replay",
    131037: "the number's display name is not approved yet",
    131042: "there is something wrong with how WhatsApp is paid: see its dashboard, then replay",
    131045: "the number's registration is wrong: register it, then replay",
    131047: "more than 24 hours have passed since the person wrote",
    131051: "WhatsApp does not know this kind of message: a fault in here",
    131062: "WhatsApp does not send this to someone without a phone number",
    133010: "the number is not registered: register it, then replay",
    135000: "WhatsApp says that something in the call is wrong: a fault in here",
}
"""Codes of the Cloud API that do not pass by themselves, and what they mean."""

Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}\Z")]
"""It stands in the path of a call: nothing but digits."""


class Back(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a reply needs: the id of the number that was written to, and who wrote, if told."""

    phone_number_id: Number
    to: str = ""


class Entry(msgspec.Struct, frozen=True):
    """The news of one WhatsApp Business account."""

    changes: list[msgspec.Raw] = []


class Change(msgspec.Struct, frozen=True):
    """One piece of it; what is in it depends on its field."""

    field: str = ""
    value: msgspec.Raw = msgspec.Raw(b"{}")


class Metadata(msgspec.Struct, frozen=True):
    """The number that was written to: its id, and how people see it."""

    phone_number_id: Number
    display_phone_number: str | None = None


class Value(msgspec.Struct, frozen=True):
    """Messages to one number; who the contacts are, and statuses, are left out."""

    metadata: Metadata
    messages: list[msgspec.Raw] = []


class Said(msgspec.Struct, frozen=True):
    """Whatever holds words: a text, a caption, a button, a row, an order."""

    body: str | None = None
    caption: str | None = None
    payload: str | None = None
    id: str | None = None
    text: str | None = None


class Interactive(msgspec.Struct, frozen=True):
    """A tapped button or row of ours; other kinds are of messages that we never send."""

    button_reply: Said | None = None
    list_reply: Said | None = None


class Unsupported(msgspec.Struct, frozen=True):
    """What the API does not hand over, and what it says that it was."""

    type: str | None = None


class Message(msgspec.Struct, frozen=True):
    """One message; names, places and files are left out."""

    id: str
    type: str = ""
    from_: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    group_id: str | None = None
    text: Said | None = None
    image: Said | None = None
    video: Said | None = None
    document: Said | None = None
    button: Said | None = None
    interactive: Interactive | None = None
    order: Said | None = None
    unsupported: Unsupported | None = None


_ENTRY: Final = msgspec.json.Decoder(Entry)
_CHANGE: Final = msgspec.json.Decoder(Change)
_VALUE: Final = msgspec.json.Decoder(Value)
_MESSAGE: Final = msgspec.json.Decoder(Message)
_BACK: Final = msgspec.json.Decoder(Back)
_NOTHING: Final = Said()


LENGTH_OF_ID: Final = 32


def routes(config: Config, take: Take, _: Report) -> "Blueprint":
    """Make the routes of this channel."""
    mine = settings(config)
    key = mine.app_secret.encode()
    return meta.webhook(
        NAME, mine.app_secret, mine.verify_token, lambda body: read(body, key), take
    )


def settings(config: Config) -> WhatsApp:
    """Give the settings, which are there where this channel is."""
    assert config.whatsapp is not None  # noqa: S101 - made only where it is there
    return config.whatsapp


def read(body: bytes, key: bytes) -> Iterator[Inbound]:
    """Read the messages of a verified body, in their order; what is none is left out."""
    for entry in meta.each(_ENTRY, meta.entries(body, PRODUCT)):
        for change in meta.each(_CHANGE, entry.changes):
            if change.field != FIELD:
                continue
            for value in meta.each(_VALUE, [change.value]):
                for message in meta.each(_MESSAGE, value.messages):
                    if (inbound := inbound_of(message, value.metadata, key)) is not None:
                        yield inbound


def inbound_of(message: Message, metadata: Metadata, key: bytes) -> Inbound | None:
    """Read a message; None for one that is in a group, our own, or not to be answered.

    WhatsApp's id for it has the person's number inside, in base64: a keyed hash of it is the id.
    """
    phone = message.from_ or ""
    person = message.from_user_id or phone
    ours = "".join(filter(str.isdigit, metadata.display_phone_number or ""))
    if not (person and message.id) or message.group_id or (phone and phone == ours):
        return None
    words = words_of(message)
    if words is None:
        return None
    text, media = words
    back = msgspec.json.encode(Back(metadata.phone_number_id, phone)).decode()
    id = hmac.digest(key, message.id.encode("utf-8", "replace"), "sha256").hex()[:LENGTH_OF_ID]
    return Inbound(NAME, person, id, text, media=media, medium="chat", back=back)


def words_of(message: Message) -> tuple[str, int] | None:
    """Give what a message says and whether more than words came; None for what is no message."""
    if message.type == "text":
        return (message.text or _NOTHING).body or "", 0
    if message.type == "button":  # of an operator's template, which has our words there
        tapped = message.button or _NOTHING
        return tapped.payload or tapped.text or "", 0
    if message.type == "interactive":
        kinds = message.interactive or Interactive()
        picked = kinds.button_reply or kinds.list_reply
        return (picked.id or "", 0) if picked else None
    if message.type in CAPTIONED:
        media = message.image or message.video or message.document or _NOTHING
        return media.caption or "", 1
    if message.type == "order":
        return (message.order or _NOTHING).text or "", 1
    what = message.unsupported.type if message.unsupported else None
    if message.type in LEFT_ALONE or what in NO_MESSAGE:
        return None
    return "", 1


def sender(config: Config) -> Send:
    """Make what sends replies."""
    mine = settings(config)

    def send(client: "httpx.Client", outgoing: Outgoing) -> Outcome:
        back = _BACK.decode(outgoing.back)
        person = {"to": back.to} if back.to else {"recipient": outgoing.contact}
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **person,
            **content_of(outgoing.reply),
        }
        url = f"{mine.api_url}/{back.phone_number_id}/messages"
        response = meta.post(client, url, mine.access_token, body)
        return meta.outcome(response, PUT_OFF, GIVEN_UP)

    return send


def content_of(reply: Reply) -> dict[str, Any]:
    """Write a reply: with buttons where they have room, else with a list, else as plain text."""
    text = sms.within(sms.clean(reply.text), LONGEST_TEXT)[0]
    choices = shown(reply.choices)
    if not choices:
        return {"type": "text", "text": {"preview_url": False, "body": text}}
    short = all(meta.fits(one.title, LONGEST_BUTTON) for one in choices)
    if len(choices) <= MOST_BUTTONS and short and meta.fits(text, LONGEST_ABOVE_BUTTONS):
        buttons = [
            {"type": "reply", "reply": {"id": one.word, "title": one.title}} for one in choices
        ]
        action: dict[str, Any] = {"buttons": buttons}
    else:
        label = label_of(choices)
        action = {
            "button": label,
            "sections": [{"title": label, "rows": [row_of(one) for one in choices]}],
        }
    kind = "button" if "buttons" in action else "list"
    return {
        "type": "interactive",
        "interactive": {"type": kind, "body": {"text": text}, "action": action},
    }


def shown(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Give the choices that there is room for; what is too long of a title stands below it."""
    return meta.chosen(choices, MOST_ROWS)


def row_of(choice: Choice) -> dict[str, str]:
    """Write a row; a title that is too long goes on in its description."""
    title, rest = sms.within(choice.title, LONGEST_ROW)
    row = {"id": choice.word, "title": title}
    return {**row, "description": meta.shortened(rest, LONGEST_DESCRIPTION)} if rest else row


def label_of(choices: tuple[Choice, ...]) -> str:
    """Say what opens the list in no language: which numbers, and the words, that are in it."""
    numbers = [one.word for one in choices if one.word.isdigit()]
    words = [one.title for one in choices if not one.word.isdigit()]
    span = [f"{numbers[0]}–{numbers[-1]}"] if len(numbers) > 1 else numbers  # noqa: RUF001
    return meta.shortened(", ".join([*span, *words]), LONGEST_BUTTON)


CHANNEL: Final = Channel(
    NAME, "WhatsApp", lambda config: config.whatsapp is not None, routes, sender,
    medium="chat", shown=shown,
)  # fmt: skip
