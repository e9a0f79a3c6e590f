"""Vonage's samples: messages with a token over the body, and the SMS API's with a `sig`."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import msgspec

from bot.channels.channel import LONGEST_BODY
from bot.channels.vonage import MESSAGES_PATH, SMS_PATH, STATUS_PATH
from bot.channels.vonage.reading import FORM
from bot.channels.vonage.signed import OLDEST, OLDEST_SMS, sign
from bot.config import Config
from bot.platforms import Vonage
from bot.samples.sample import Case, Request, Sample, Sent, Texted, Try

CONTACT: Final = "sms:15145550123"
LINE: Final = "15145550100"
JSON: Final = {"Content-Type": "application/json"}


def token(config: Config, body: bytes, **claims: object) -> str:
    """Write a token over a body, as Vonage makes one; a claim that is None is left out."""
    import jwt  # noqa: PLC0415

    all_of_them = {
        "iat": int(time.time()), "jti": str(uuid4()), "iss": "Vonage", "api_key": "a1b2c3d",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "application_id": _vonage(config).application_id, **claims,
    }  # fmt: skip
    told = {name: value for name, value in all_of_them.items() if value is not None}
    return jwt.encode(told, _vonage(config).signature_secret, algorithm="HS256")


def signed(
    config: Config, said: object, path: str = MESSAGES_PATH, **claims: int | None
) -> Request:
    """Sign what the Messages API says: a value, or bytes as they are."""
    body = said if isinstance(said, bytes) else msgspec.json.encode(said)
    headers = {**JSON, "Authorization": f"Bearer {token(config, body, **claims)}"}
    return Request("POST", path, headers, body)


def message(texted: Texted, **others: object) -> dict[str, object]:
    """Write a message's fields; its channel is how the contact's address begins."""
    channel, _, sender = texted.contact.partition(":")
    return {
        "message_uuid": texted.id, "to": LINE, "from": sender, "channel": channel,
        "timestamp": "2026-11-29T12:00:00Z", "message_type": "text", "text": texted.text,
        "profile": {"name": "A. Person"}, "origin": {"network_code": "302720"}, **others,
    }  # fmt: skip


def request(config: Config, _: str, texted: Texted) -> Request:
    """Write a signed message of the Messages API."""
    return signed(config, message(texted))


def sms(config: Config, texted: Texted, **others: str) -> Request:
    """Write a signed message of the SMS API."""
    values = {
        "api-key": "a1b2c3d", "msisdn": texted.contact.partition(":")[2], "to": LINE,
        "messageId": texted.id, "text": texted.text, "type": "text", "keyword": "A",
        "message-timestamp": "2026-11-29 12:00:00", "timestamp": str(int(time.time())),
        "nonce": secrets.token_hex(16), **others,
    }  # fmt: skip
    values["sig"] = sign(_vonage(config).signature_secret, values)
    return Request("POST", SMS_PATH, JSON, msgspec.json.encode(values))


def sent(call: Request) -> Sent | None:
    """Read a call to the Messages API."""
    if call.path != "/v1/messages":
        return None
    said = msgspec.json.decode(call.body)
    contact = f"{said['channel']}:{said['to']}"
    if said["message_type"] == "custom":
        interactive = said["custom"]["interactive"]
        buttons = interactive["action"]["buttons"]
        words = tuple(one["reply"]["id"] for one in buttons)
        return Sent(contact, interactive["body"]["text"], words)
    words = tuple(one["postback_data"] for one in said.get("suggestions", ()))
    return Sent(contact, said["text"], words)


def cases(config: Config, attempt: Try) -> Sequence[Case]:
    """Give the table of this channel."""
    phone, run = attempt.contact.partition(":")[2], attempt.run
    now, url = int(time.time()), {"url": "https://api.nexmo.com/v3/media/1"}

    def texted(name: str, contact: str = attempt.contact, text: str = "MENU") -> Texted:
        return Texted(text, contact, f"{run}-{name.replace(' ', '-')}")

    def one(
        name: str, *taken: str, by: str = "whatsapp", who: str = phone, status: int = 200,
        **others: object,
    ) -> Case:  # fmt: skip
        said = message(texted(name, f"{by}:{who}"))
        return Case(name, signed(config, {**said, **others}), status, taken)

    def kind(name: str, kind: str, *taken: str, by: str = "whatsapp", **others: object) -> Case:
        said = {**message(texted(name, f"{by}:{phone}")), "message_type": kind, "text": None}
        return Case(name, signed(config, {**said, **others}), 200, taken)

    def tapped(name: str, kind: str, word: str, **button: object) -> Case:
        said = {**message(texted(name, f"whatsapp:{phone}")), "message_type": kind, kind: button}
        return Case(name, signed(config, said), 200, (word,))

    def claimed(name: str, **claims: int | None) -> Case:
        return Case(name, signed(config, message(texted(name)), MESSAGES_PATH, **claims), 403)

    def raw(name: str, body: bytes, path: str = MESSAGES_PATH) -> Case:
        return Case(name, signed(config, body, path), 400)

    def old(name: str, *taken: str, status: int = 200, text: str = "MENU", **others: str) -> Case:
        return Case(name, sms(config, texted(name, text=text), **others), status, taken)

    def part(name: str, number: str, text: str, taken: str) -> Case:
        parted = {"concat": "true", "concat-ref": run, "concat-total": "2", "concat-part": number}
        return Case(name, sms(config, texted(name, text=text), **parted), 200, (taken,))

    good, told = signed(config, message(texted("good"))), word(run, phone)
    unsigned = good._replace(headers=JSON)
    basic = good._replace(headers={**JSON, "Authorization": "Basic abc"})
    forged = good._replace(body=good.body.replace(b"MENU", b"CART"))
    failed = {**told, "status": "rejected", "error": {"type": "x#1180", "title": 1180}}
    older = sms(config, texted("older"))
    bare = Request("POST", SMS_PATH, {"Content-Type": FORM}, b"text=MENU")
    return (
        one("an SMS", "MENU", by="sms", sms={"num_messages": "2"}),
        Case("the same SMS again", good, 200, ("MENU",), twice=True),
        one("from WhatsApp", "MENU"),
        one("from Messenger", "MENU", by="messenger", who="0123456789012345"),
        one("from Viber", "MENU", by="viber_service"),
        one("from RCS", "MENU", by="rcs", to="Agent"),
        tapped("a tapped button", "reply", "CHILD", id="CHILD", title="Child"),
        tapped("a row of a list", "reply", "3", id="3", title="CAR T", description=""),
        tapped("a template's button", "button", "CHILD", payload="CHILD", text="Child"),
        tapped("a form that was sent", "button", "sent", payload={"a": 1}, text="sent"),
        kind("a picture without a word", "image", "", image=url),
        kind("a picture with a word", "image", "MENU", image={**url, "caption": "MENU"}),
        kind("a picture by MMS", "image", "", by="mms", image=url),
        kind("pictures by MMS", "content", "MENU", by="mms", content=[url, {"caption": "MENU"}]),
        kind("a file", "file", "", file={**url, "name": "a.pdf"}),
        kind("a video", "video", "", video=url),
        kind("a voice message", "audio", "", audio=url),
        kind("a sticker", "sticker", "", sticker=url),
        kind("a place", "location", "", location={"lat": 45.5, "long": -73.6}),
        kind("a card", "vcard", "", vcard=url),
        kind("what Vonage does not know", "unsupported", ""),
        kind("a reaction", "reaction", reaction={"action": "react", "emoji": "👍"}),
        one("a hidden phone number", "MENU", who="", whatsapp={"sender": {"user_id": "CA.1"}}),
        one("our own number", by="sms", who=LINE),
        one("a short code", by="sms", who="12345"),
        one("a company's name", by="sms", who="BANK"),
        one("a channel that is none", by="pigeon"),
        one("no sender", who="", status=400),
        one("version 0 of the API", to={"type": "sms", "number": LINE}, status=400),
        one("a wrong type", text=7, status=400),
        raw("no JSON", b"{"),
        raw("a list", b"[]"),
        raw("no UTF-8", b'{"message_uuid": "\xff"}'),
        Case("too long", unsigned._replace(body=b"a" * (LONGEST_BODY + 1)), 413),
        Case("not signed, so that it comes again", unsigned, 503),
        Case("another text", forged, 403),
        Case("no token", basic, 403),
        claimed("an old token", iat=now - OLDEST - 60),
        claimed("a token of tomorrow", iat=now + 86400),
        claimed("a token that has ended", exp=now - 60),
        claimed("a token without a time", iat=None),
        claimed("a token for any body", payload_hash=None),
        Case("word of a delivery", signed(config, told, STATUS_PATH), 200),
        Case("word of a failure", signed(config, failed, STATUS_PATH), 200),
        Case("word that is not signed", unsigned._replace(path=STATUS_PATH), 503),
        raw("word that is none", b'{"status": 1}', STATUS_PATH),
        Case("the SMS API", older, 200, ("MENU",), twice=True),
        part("the second part of two", "2", "NU", "NU"),
        part("the first, which makes it whole", "1", "ME", "MENU"),
        part("a third part of two", "3", "MENU", "MENU"),
        old("a picture by the SMS API", "", type="binary"),
        old("a short code by the SMS API", msisdn="12345"),
        old("the SMS API without a sender", msisdn="", status=400),
        old("the SMS API of long ago", timestamp=str(now - OLDEST_SMS - 60), status=403),
        Case("the SMS API, another text", older._replace(body=b'{"text": "CART"}'), 403),
        Case("the SMS API without sig", bare, 403),
        Case("the SMS API, a list", older._replace(body=b"[]"), 400),
    )  # fmt: skip


def word(run: str, phone: str) -> dict[str, object]:
    """Write what became of a reply: it was delivered."""
    return {
        "message_uuid": f"{run}-reply", "to": phone, "from": LINE, "channel": "sms",
        "timestamp": "2026-11-29T12:00:00Z", "status": "delivered",
        "usage": {"currency": "EUR", "price": "0.0333"}, "sms": {"count_total": "1"},
    }  # fmt: skip


def settings(api_url: str) -> dict[str, str]:
    """Make settings to try with; the key is made here and now."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "VONAGE_SIGNATURE_SECRET": secrets.token_hex(32),
        "VONAGE_APPLICATION_ID": str(uuid4()),
        "VONAGE_PRIVATE_KEY": key.decode().strip().replace("\n", "\\n"),
        "VONAGE_API_URL": api_url,
    }


def _vonage(config: Config) -> Vonage:
    assert config.vonage is not None  # noqa: S101 - asked for only where it is there
    return config.vonage


SAMPLE: Final = Sample(
    CONTACT, settings, request, cases, sent=sent, accepted=b'{"message_uuid": "1"}',
    api_url=lambda config: _vonage(config).api_url,
)  # fmt: skip
