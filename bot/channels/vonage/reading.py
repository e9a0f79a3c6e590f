"""Reads what Vonage sends, once it is verified; names, prices and networks are dropped here."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from bot.channels.vonage.naming import CHATS, LONGEST, NAME, OPTED_OUT
from bot.model import Delivery, Inbound, Part

FAILED: Final = ("rejected", "undeliverable")
"""Statuses of a reply that was not delivered."""

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What is raised by reading something else; none of it tells a text or an address."""

FORM: Final = "application/x-www-form-urlencoded"
MOST_PARTS: Final = 255
"""Parts of one SMS, by the octet that counts them (3GPP TS 23.040)."""

_PERSON: Final = re.compile(r"\+?\d{7,15}")
"""A phone number. Short codes and names of companies are no persons: nobody reads a reply there."""
_CODE: Final = re.compile(r"(?:^|#)(\d{4,6})$")


class Back(msgspec.Struct, frozen=True):
    """What a reply needs besides whom it is for: through which channel, and from what of ours."""

    channel: str
    number: str


class _Media(msgspec.Struct, frozen=True):
    caption: str | None = None
    text: str | None = None


class _Tapped(msgspec.Struct, frozen=True):
    """A row or button (`id`), or a template's button (`payload`, which may be anything)."""

    id: str | None = None
    payload: object = None
    title: str | None = None
    text: str | None = None

    def word(self) -> str:
        payload = self.payload if isinstance(self.payload, str) else ""
        return self.id or payload or self.title or self.text or ""


class _User(msgspec.Struct, frozen=True):
    user_id: str | None = None


class _WhatsApp(msgspec.Struct, frozen=True):
    sender: _User | None = None


class _Message(msgspec.Struct, frozen=True):
    message_uuid: str
    channel: str
    message_type: str
    to: str
    sender: str | None = msgspec.field(name="from", default=None)
    text: str | None = None
    reply: _Tapped | None = None
    button: _Tapped | None = None
    image: _Media | None = None
    video: _Media | None = None
    audio: _Media | None = None
    file: _Media | None = None
    content: Sequence[_Media] | None = None
    whatsapp: _WhatsApp | None = None


class _Error(msgspec.Struct, frozen=True):
    """Why it failed: a code as `title`, a number or not, or at the end of the address `type`."""

    type: str | None = None
    title: str | int | None = None


class _Status(msgspec.Struct, frozen=True):
    message_uuid: str
    status: str
    channel: str | None = None
    to: str | None = None
    error: _Error | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_STATUS: Final = msgspec.json.Decoder(_Status)
_VALUES: Final = msgspec.json.Decoder(dict[str, str | int | float | bool | None])


def message(body: bytes) -> Inbound | None:
    """Read a message of the Messages API; None for what is not to be answered.

    Raises UNREADABLE where it is none. Who hides the phone number on WhatsApp is known by the
    id that WhatsApp gave for our account.
    """
    one = _MESSAGE.decode(body)
    # A picture on SMS comes as MMS, from the same phone: it is the same contact.
    channel = "sms" if one.channel == "mms" else one.channel
    sender = one.sender or ""
    if not sender and one.whatsapp and one.whatsapp.sender:
        sender = one.whatsapp.sender.user_id or ""
    if not one.message_uuid or not sender or not one.to:
        raise msgspec.ValidationError("message_uuid, from and to are needed")
    if channel not in LONGEST or one.message_type == "reaction":
        return None
    return _inbound(channel, sender, one.to, one.message_uuid, *_text(one))


def _inbound(channel: str, sender: str, to: str, id: str, text: str, media: int) -> Inbound | None:
    """Write a message down; None where it is our own, or no person's."""
    if sender == to or (channel == "sms" and not _PERSON.fullmatch(sender)):
        return None
    return Inbound(
        NAME, f"{channel}:{sender}", id, text, media,
        medium="chat" if channel in CHATS else "sms",
        back=msgspec.json.encode(Back(channel, to)).decode(),
    )  # fmt: skip


def _text(one: _Message) -> tuple[str, int]:
    """Give the words of a message, and 1 where it is something else besides."""
    match one.message_type:
        case "text":
            return one.text or "", 0
        case "reply" | "button":
            tapped = one.reply or one.button
            return tapped.word() if tapped else "", 0
    there = (one.image, one.video, one.audio, one.file, *(one.content or ()))
    words = (media.caption or media.text for media in there if media)
    return next(filter(None, words), one.text or ""), 1


def status(body: bytes) -> Delivery | None:
    """Read a status; None where it tells of no failure. Raises UNREADABLE where it is none."""
    one = _STATUS.decode(body)
    if one.status not in FAILED:
        return None
    told = (one.error.title, one.error.type) if one.error else ()
    found = next(filter(None, (_CODE.search(str(one)) for one in told)), None)
    code = int(found[1]) if found else 0
    channel = "sms" if one.channel == "mms" else one.channel or ""
    refused = code == OPTED_OUT and channel == "sms" and bool(one.to)
    return Delivery(NAME, f"{channel}:{one.to or ''}", one.message_uuid, one.status, code, refused)


def values(body: bytes, mimetype: str) -> dict[str, str]:
    """Read the values of the SMS API, JSON or a form. Raises UNREADABLE where it is no JSON."""
    if mimetype == FORM:
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in _VALUES.decode(body).items()
    }


def sms(values: dict[str, str]) -> Inbound | None:
    """Read a message of the SMS API, or a part of one; None for what is not to be answered.

    Raises UNREADABLE where it is none.
    """
    id, sender, to = (values.get(name, "") for name in ("messageId", "msisdn", "to"))
    if not (id and sender and to):
        raise msgspec.ValidationError("messageId, msisdn and to are needed")
    words = values.get("type") != "binary"
    text = values.get("text", "") if words else ""
    inbound = _inbound("sms", sender, to, id, text, 0 if words else 1)
    number, total = (_count(values.get(f"concat-{name}", "")) for name in ("part", "total"))
    is_part = values.get("concat", "").lower() == "true" and 1 <= number <= total <= MOST_PARTS
    if inbound is None or not is_part:
        return inbound
    whole = f"{to}:{values.get('concat-ref', '')}:{total}"
    return msgspec.structs.replace(inbound, part=Part(whole, number, total))


def _count(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0
