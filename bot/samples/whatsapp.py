"""WhatsApp's samples: batches as the Cloud API posts them, signed with the app's secret."""

import json
import secrets
import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

from bot.channels.meta import LONGEST_BODY
from bot.channels.whatsapp import PRODUCT, settings
from bot.config import Config
from bot.samples import meta
from bot.samples.sample import Case, Request, Sample, Sent, Texted, Try

PATH: Final = "/whatsapp/messages"
LINE: Final = "15145550100"
NUMBER: Final = "106540352242922"
CONTACT: Final = "15145550123"


def message(texted: Texted, **fields: Any) -> dict[str, Any]:
    """Write a message; a contact that is no phone number has hidden it."""
    phone = texted.contact if texted.contact.isdigit() else ""
    return {
        "from": phone, "from_user_id": f"CA.{phone}" if phone else texted.contact,
        "id": wamid(phone, texted.id), "timestamp": str(int(time.time())),
        **(fields or {"type": "text", "text": {"body": texted.text}}),
    }  # fmt: skip


def wamid(phone: str, id: str) -> str:
    """Write an id as WhatsApp does: the person's number is inside of it."""
    inside = b"\x1c\x18\x0b" + f"{phone}{id}".encode("utf-8", "replace")
    return f"wamid.{b64encode(inside).decode()}"


def value(*messages: Any, **others: Any) -> dict[str, Any]:
    """Write what happened to one number."""
    told = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": LINE, "phone_number_id": NUMBER},
        **others,
    }
    if not messages:
        return told
    first = next((one for one in messages if isinstance(one, dict)), {})
    contact = {"profile": {"name": "A. Person"}, "user_id": first.get("from_user_id", "")}
    if phone := first.get("from"):
        contact["wa_id"] = phone
    return {**told, "contacts": [contact], "messages": list(messages)}


def changes(*values: Any, field: str = "messages") -> dict[str, Any]:
    """Write a batch."""
    listed = [{"field": field, "value": one} for one in values]
    return {"object": PRODUCT, "entry": [{"id": "102290129340398", "changes": listed}]}


def signed(config: Config, body: Any) -> Request:
    """Sign a body as Meta does."""
    return meta.signed(PATH, settings(config).app_secret, body)


def request(config: Config, _: str, texted: Texted) -> Request:
    """Write a signed message."""
    return signed(config, changes(value(message(texted))))


def cases(config: Config, attempt: Try) -> Sequence[Case]:
    """Give the table of this channel."""
    contact, run, word = attempt.contact, attempt.run, settings(config).verify_token
    good = request(config, "", Texted("MENU", contact, run))
    unsigned = {"Content-Type": "application/json"}
    count = iter(range(1000))

    def text(words: str) -> dict[str, Any]:
        return message(Texted(words, contact, f"{run}-{next(count)}"))

    def one(name: str, *taken: str, **fields: Any) -> Case:
        body = changes(value({**text(""), **fields}))
        return Case(name, signed(config, body), 200, taken)

    def posted(name: str, body: Any, *taken: str, status: int = 200) -> Case:
        return Case(name, signed(config, body), status, taken)

    picture = {"id": "1", "mime_type": "image/jpeg", "sha256": "x"}
    row = {"id": "3", "title": "CAR T cells", "description": ""}
    return (
        one("a message", "MENU", text={"body": "MENU"}),
        Case("the same message again", good, 200, ("MENU",), twice=True),
        one("from someone who hides their number", "MENU", **{"from": ""}, text={"body": "MENU"}),
        one("a tapped button", "CHILD", type="interactive", interactive={
            "type": "button_reply", "button_reply": {"id": "CHILD", "title": "CHILD"}}),
        one("a row of a list", "3", type="interactive", interactive={
            "type": "list_reply", "list_reply": row}),
        one("a button of a template", "MENU", type="button", button={
            "payload": "MENU", "text": "See topics"}),
        one("a form, which we never send", type="interactive", interactive={"type": "nfm_reply"}),
        one("a picture without a word", "", type="image", image=picture),
        one("a picture with a caption", "CART", type="image", image={**picture, "caption": "CART"}),
        one("a video with a caption", "CART", type="video", video={**picture, "caption": "CART"}),
        one("a file with a caption", "CART", type="document",
            document={**picture, "caption": "CART", "filename": "mine.pdf"}),
        one("a sticker", "", type="sticker", sticker={**picture, "animated": False}),
        one("a voice message", "", type="audio", audio={**picture, "voice": True}),
        one("a location", "", type="location", location={"latitude": 45.5, "longitude": -73.6}),
        one("a contact", "", type="contacts", contacts=[{"name": {"formatted_name": "A"}}]),
        one("an order with words", "CART", type="order", order={"text": "CART"}),
        one("something that the API does not know", "", type="unsupported",
            errors=[{"code": 131051, "title": "x", "message": "x"}],
            unsupported={"type": "poll_creation"}),
        one("something that we do not know", "", type="hologram", hologram={"id": "1"}),
        one("an edit that the API does not know", type="unsupported", unsupported={"type": "edit"}),
        one("an edited message", type="edit", edit={
            "original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "CART"}},
        }),
        one("a deleted message", type="revoke", revoke={"original_message_id": "wamid.1"}),
        one("a reaction", type="reaction", reaction={"message_id": "wamid.1", "emoji": "x"}),
        one("a changed number", type="system", system={"type": "user_changed_number"}),
        one("in a group", group_id="Y2FwaV9ncm91cA", text={"body": "MENU"}),
        one("our own number", **{"from": LINE}, text={"body": "MENU"}),
        posted("our own echo", changes(
            value(message_echoes=[{**text("MENU"), "from": LINE, "to": contact}]),
            field="smb_message_echoes")),
        posted("word of a delivery", changes(value(statuses=[
            {"id": "wamid.1", "status": "delivered", "recipient_id": contact}]))),
        posted("an error", changes(value(errors=[{"code": 131000, "title": "x"}]))),
        posted("an empty batch", {"object": PRODUCT, "entry": []}),
        posted("a batch with a bad one", changes(value(text("1"), {"id": 5}, "x", text("2")),
            {"metadata": {"phone_number_id": "../1"}, "messages": [text("3")]}, 7,
            value(text("4"))), "1", "2", "4"),
        posted("a batch of 100", changes(value(*(text("MENU") for _ in range(100)))),
               *["MENU"] * 100),
        posted("about something else", {"object": "page", "entry": [{"changes": []}]}),
        Case("no signature", good._replace(headers=unsigned), 403),
        Case("a forged text", good._replace(body=good.body.replace(b"MENU", b"CART")), 403),
        posted("no JSON", b"{", status=400),
        posted("wrong types", {"object": PRODUCT, "entry": 5}, status=400),
        posted("no object", b"[]", status=400),
        posted("too long", b" " * (LONGEST_BODY + 1), status=413),
        Case("the handshake", meta.handshake(PATH, word), 200),
        Case("the handshake with a wrong word", meta.handshake(PATH, "no"), 403),
        Case("a handshake for something else", meta.handshake(PATH, word, "unsubscribe"), 400),
    )  # fmt: skip


def sent(call: Request) -> Sent:
    """Read a call that sends a reply."""
    said = json.loads(call.body)
    person, kind = said.get("to") or said["recipient"], said["type"]
    if kind == "text":
        return Sent(person, said["text"]["body"])
    text, action = said[kind]["body"]["text"], said[kind]["action"]
    if said[kind]["type"] == "button":
        return Sent(person, text, tuple(one["reply"]["id"] for one in action["buttons"]))
    rows = [row for section in action["sections"] for row in section["rows"]]
    return Sent(person, text, tuple(row["id"] for row in rows))


def tried(api_url: str) -> dict[str, str]:
    """Make settings to try with."""
    return {
        "WHATSAPP_APP_SECRET": secrets.token_hex(16),
        "WHATSAPP_VERIFY_TOKEN": secrets.token_hex(8),
        "WHATSAPP_ACCESS_TOKEN": secrets.token_hex(16),
        "WHATSAPP_API_URL": api_url,
    }


SAMPLE: Final = Sample(
    CONTACT, tried, request, cases, sent=sent,
    accepted=b'{"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]}',
    api_url=lambda config: settings(config).api_url,
)  # fmt: skip
