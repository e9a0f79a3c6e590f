"""Chatwoot's samples: the events that an agent bot gets, signed as since 4.13."""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from bot.channels.chatwoot import LONGEST_EVENT, PATH, SIGNATURE, TIMESTAMP, sign
from bot.config import Config
from bot.samples.sample import Case, Request, Sample, Sent, Texted, Try

ACCOUNT: Final = 1
INBOX: Final = 2
CONVERSATION: Final = 999_999_999
"""One that no real account has: a reply to it goes nowhere."""

CONTACT: Final = f"{ACCOUNT}/{INBOX}/0fb7bc3d-6e3f-4b0c-9d0a-2c8f7f6c2a11"

_CONTACT: Final = re.compile(r"([1-9]\d{0,17})/([1-9]\d{0,17})/(.+)", re.ASCII)
_MESSAGES: Final = re.compile(r".*/api/v1/accounts/(\d+)/conversations/(\d+)/messages")

Fields = dict[str, Any]


def number(id: str) -> int:
    """Make a message's number of any id."""
    if id.isascii() and id.isdigit() and len(id) < 18 and int(id):
        return int(id)
    return int.from_bytes(blake2b(id.encode(), digest_size=7).digest()) or 1


def written(at: float) -> str:
    """Write a time (Unix seconds) as Chatwoot does."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


def event(texted: Texted, conversation: Fields | None = None, **others: Any) -> Fields:
    """Write the event of a message from the web chat; of a contact without an inbox in INBOX."""
    known = _CONTACT.fullmatch(texted.contact)
    account, inbox, source = known.groups() if known else (ACCOUNT, INBOX, texted.contact)
    person = {"id": 7, "name": "A. Person", "email": "a.person@example.ca", "identifier": None}
    return {
        "event": "message_created",
        "id": number(texted.id),
        "content": texted.text,
        "created_at": written(time.time()),
        "message_type": "incoming",
        "content_type": "text",
        "content_attributes": {},
        "private": False,
        "source_id": None,
        "sender": {**person, "avatar": "", "type": "contact"},
        "account": {"id": int(account), "name": "Example Charity"},
        "inbox": {"id": int(inbox), "name": "Web"},
        "conversation": {
            "id": CONVERSATION,
            "inbox_id": int(inbox),
            "status": "pending",
            "channel": "Channel::WebWidget",
            "can_reply": True,
            "additional_attributes": {"referer": "https://example.ca/about"},
            "contact_inbox": {"id": 9, "contact_id": 7, "source_id": source},
            "meta": {"sender": person, "assignee": None},
            "messages": [{"content": texted.text, "message_type": 0}],
            **(conversation or {}),
        },
        **others,
    }


def signed(config: Config, body: bytes, at: int | None = None) -> Request:
    """Sign a body as Chatwoot does, at a time (Unix seconds; now if none)."""
    assert config.chatwoot is not None  # noqa: S101 - only where it is there
    timestamp = str(int(time.time()) if at is None else at)
    headers = {
        "Content-Type": "application/json",
        TIMESTAMP: timestamp,
        SIGNATURE: sign(config.chatwoot.secret.encode(), timestamp, body),
    }
    return Request("POST", PATH, headers, body)


def request(config: Config, _: str, texted: Texted) -> Request:
    """Write a signed message."""
    return signed(config, msgspec.json.encode(event(texted)))


def sent(call: Request) -> Sent | None:
    """Read a call of the sender's; None where it is no message."""
    place = _MESSAGES.fullmatch(call.path)
    if not place:
        return None
    said = msgspec.json.decode(call.body)
    items = said.get("content_attributes", {}).get("items", ())
    return Sent("/".join(place.groups()), said["content"], tuple(one["value"] for one in items))


BOT: Final = {"id": 3, "name": "Answerline", "type": "agent_bot"}
PICKED: Final = {"submitted_values": [{"title": "CAR T", "value": "2"}]}
TAPPED: Final[Mapping[str, Any]] = {
    "event": "message_updated",
    "message_type": "outgoing",
    "content_type": "input_select",
    "content_attributes": {"items": [{"title": "CAR T", "value": "2"}], **PICKED},
    "sender": BOT,
}


def cases(config: Config, attempt: Try) -> Sequence[Case]:
    """Give the table of this channel."""
    _, contact, run = attempt
    now = int(time.time())

    def fields(name: str, conversation: Fields | None = None, **others: Any) -> bytes:
        texted = Texted("MENU", contact, f"{run}-{name}")
        return msgspec.json.encode(event(texted, conversation, **others))

    def one(
        name: str, *taken: str, conversation: Fields | None = None, status: int = 200,
        twice: bool = False, **others: Any,
    ) -> Case:  # fmt: skip
        body = fields(name, conversation, **others)
        return Case(name, signed(config, body), status, taken, twice)

    def raw(name: str, body: bytes, status: int = 400) -> Case:
        return Case(name, signed(config, body), status)

    def lacking(name: str, change: Mapping[str, Any], token: str = "", status: int = 403) -> Case:
        body = fields(name)
        right = signed(config, body)
        headers = {key: said for key, said in {**right.headers, **change}.items() if said}
        path = f"{PATH}?{urlencode({'token': token})}" if token else PATH
        taken = ("MENU",) if status == 200 else ()
        return Case(name, Request("POST", path, headers, body), status, taken)

    assert config.chatwoot is not None  # noqa: S101 - only where it is there
    secret = config.chatwoot.secret
    unsigned = {SIGNATURE: "", TIMESTAMP: ""}
    picture = [{"id": 5, "file_type": "image", "data_url": "https://example.ca/a.jpg"}]
    voice, map_pin = [{"file_type": "audio"}], [{"file_type": "location", "fallback_title": "Home"}]
    deleted = {"deleted": True}
    mail = {"channel": "Channel::Email"}
    away = {"email": {"auto_reply": True, "subject": "Away"}}
    group = {"meta": {"sender": {"identifier": "120363000000000001@g.us"}}}
    return (
        one("a message", "MENU"),
        one("the same message again", "MENU", twice=True),
        one("a message whose kind is a number", "MENU", message_type=0),
        one("from Telegram", "MENU", conversation={"channel": "Channel::Telegram"}),
        one("from SMS", "MENU", conversation={"channel": "Channel::Sms"}),
        one("a mail", "MENU", conversation=mail, content_type="incoming_email"),
        one("a tapped button", "2", **TAPPED),
        one("a tapped button, told twice", "2", twice=True, **TAPPED),
        one("a picture with words", "MENU", attachments=picture),
        one("a picture without a word", "", content=None, attachments=picture),
        one("a sticker", "", content=None, content_type="sticker", attachments=picture),
        one("a voice message", "", content=None, attachments=voice),
        one("a place", "", content="", attachments=map_pin),
        one("an automatic mail", conversation=mail, content_attributes=away),
        one("our own reply", message_type="outgoing", sender=BOT),
        one("our own reply, as a number", message_type=1, sender=BOT),
        one("our reply, seen", **{**TAPPED, "content_attributes": {"items": []}}),
        one("a colleague's reply", message_type="outgoing", sender={"id": 1, "type": "user"}),
        one("a colleague's list, tapped", **{**TAPPED, "sender": {"id": 1, "type": "user"}}),
        one("a note", private=True),
        one("a note of Chatwoot's own", message_type="template", sender=None),
        one("a survey, filled in", content_type="input_csat", content_attributes=PICKED),
        one("a message that was edited", event="message_updated"),
        one("a message that was deleted", event="message_updated", content_attributes=deleted),
        one("a message of two days ago", created_at=written(now - 2 * 86400)),
        one("in a conversation that people have", conversation={"status": "open"}),
        one("a button tapped where people are", conversation={"status": "open"}, **TAPPED),
        one("in a conversation that sleeps", conversation={"status": "snoozed"}),
        one("a group", conversation=group),
        one("another event", event="conversation_updated"),
        raw("a conversation was closed", b'{"event":"conversation_resolved","id":4}', 200),
        raw("somebody opened the web chat", b'{"event":"webwidget_triggered","id":4}', 200),
        raw("an event without a name", b"{}", 200),
        lacking("a token in the address, unsigned", unsigned, secret, 200),
        lacking("no signature", unsigned),
        lacking("a wrong token", unsigned, "another-secret"),
        lacking("a wrong signature", {SIGNATURE: f"sha256={'0' * 64}"}),
        lacking("a wrong signature beside a right token", {SIGNATURE: "sha256=0"}, secret),
        lacking("a signature without a time", {TIMESTAMP: ""}),
        Case("an old signature", signed(config, fields("old"), now - 301), 403),
        Case("a signature of tomorrow", signed(config, fields("new"), now + 86400), 403),
        raw("no JSON", b"MENU"),
        raw("half a JSON", b'{"event":"message_created"'),
        raw("a list", b"[]"),
        raw("nested too deep", b'{"a":' + b"[" * 100_000),
        raw("too long", b" " * (LONGEST_EVENT + 1), 413),
        raw("no message in it", b'{"event":"message_created"}'),
        one("words that are a number", status=400, content=5),
        one("a conversation named by a path", status=400, conversation={"id": "1/../2"}),
        one("a conversation below one", status=400, conversation={"id": 0}),
        one("an account that is no number", status=400, account={"id": "1"}),
        one("a contact without an id", status=400, conversation={"contact_inbox": None}),
    )  # fmt: skip


def settings(api_url: str) -> dict[str, str]:
    """Make settings to try with."""
    return {
        "CHATWOOT_SECRET": secrets.token_hex(16),
        "CHATWOOT_TOKEN": secrets.token_hex(12),
        "CHATWOOT_URL": api_url,
    }


def api_url(config: Config) -> str:
    """Tell where Chatwoot is."""
    return config.chatwoot.url if config.chatwoot else ""


SAMPLE: Final = Sample(
    CONTACT, settings, request, cases, sent=sent, accepted=b'{"id":1}', api_url=api_url
)
