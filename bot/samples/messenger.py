"""Messenger's samples: batches as Meta posts them for a page, signed with the app's secret."""

import json
import secrets
import time
from collections.abc import Sequence
from typing import Any, Final

from bot.channels.messenger import PRODUCT, settings
from bot.channels.meta import LONGEST_BODY
from bot.config import Config
from bot.samples import meta
from bot.samples.sample import Case, Request, Sample, Sent, Texted, Try

PATH: Final = "/messenger/messages"
PAGE: Final = "682498302938465"
CONTACT: Final = "1254477777772919"


def event(contact: str, **what: Any) -> dict[str, Any]:
    """Write something that a contact did."""
    at = int(time.time() * 1000)
    return {"sender": {"id": contact}, "recipient": {"id": PAGE}, "timestamp": at, **what}


def batch(*events: Any, under: str = "messaging") -> dict[str, Any]:
    """Write a batch."""
    entry = {"id": PAGE, "time": int(time.time() * 1000), under: list(events)}
    return {"object": PRODUCT, "entry": [entry]}


def signed(config: Config, body: Any) -> Request:
    """Sign a body as Meta does."""
    return meta.signed(PATH, settings(config).app_secret, body)


def request(config: Config, _: str, texted: Texted) -> Request:
    """Write a signed message."""
    message = {"mid": texted.id, "text": texted.text}
    return signed(config, batch(event(texted.contact, message=message)))


def cases(config: Config, attempt: Try) -> Sequence[Case]:
    """Give the table of this channel."""
    contact, run, word = attempt.contact, attempt.run, settings(config).verify_token
    good = request(config, "", Texted("MENU", contact, f"m_{run}"))
    unsigned = {"Content-Type": "application/json"}
    count = iter(range(1000))

    def message(text: str | None, **fields: Any) -> dict[str, Any]:
        words = {} if text is None else {"text": text}
        return event(contact, message={"mid": f"m_{run}-{next(count)}", **words, **fields})

    def posted(name: str, body: Any, *taken: str, status: int = 200) -> Case:
        return Case(name, signed(config, body), status, taken)

    def one(name: str, text: str | None, *taken: str, **fields: Any) -> Case:
        return posted(name, batch(message(text, **fields)), *taken)

    def other(name: str, *taken: str, **what: Any) -> Case:
        return posted(name, batch(event(contact, **what)), *taken)

    picture = {"type": "image", "payload": {"url": "https://example.ca/1.jpg"}}
    tap = {"title": "Get Started", "payload": "MENU"}
    bare = signed(config, batch(event(contact, postback=tap)))
    return (
        one("a message", "MENU", "MENU"),
        Case("the same message again", good, 200, ("MENU",), twice=True),
        one("a quick reply", "CAR T cells", "4", quick_reply={"payload": "4"}),
        other("Get Started", "MENU", postback={**tap, "mid": f"m_{run}-start"}),
        Case("a tap without an id, again", bare, 200, ("MENU",), twice=True),
        other("a button without a payload", "MENU", postback={"title": "MENU", "mid": f"m_{run}-"}),
        one("a picture without a word", None, "", attachments=[picture]),
        one("a picture with words", "CART", "CART", attachments=[picture]),
        one("a sticker", None, "", attachments=[
            {"type": "sticker", "payload": {"sticker_id": 369239263222822}}]),
        one("a voice message", None, "", attachments=[{**picture, "type": "audio"}]),
        one("a location", None, "", attachments=[
            {"type": "location", "payload": {"coordinates": {"lat": 45.5, "long": -73.6}}}]),
        one("an answer to a message", "MENU", "MENU", reply_to={"mid": "m_1"}),
        other("an edited message", message_edit={"mid": "m_1", "text": "CART", "num_edit": 1}),
        one("a deleted message", None, is_deleted=True),
        other("a reaction", reaction={"reaction": "love", "action": "react", "mid": "m_1"}),
        other("word of a delivery", delivery={"mids": ["m_1"], "watermark": 1}),
        other("word that it was read", read={"watermark": 1}),
        other("an opt-in", optin={"ref": "x"}),
        one("our own echo", "MENU", is_echo=True, app_id=1),
        posted("the page itself", batch({**message("MENU"), "sender": {"id": PAGE}})),
        posted("someone without an id", batch({**message("MENU"), "sender": {"user_ref": "x"}})),
        posted("what another app answers", batch(message("MENU"), under="standby")),
        posted("an empty batch", {"object": PRODUCT, "entry": []}),
        posted("a batch with a bad one", {"object": PRODUCT, "entry": [
            7, *batch(message("1"), {"message": {"mid": 5}}, "x", message("2"))["entry"]]},
            "1", "2"),
        posted("a batch of 100", batch(*(message("MENU") for _ in range(100))), *["MENU"] * 100),
        posted("about something else", {**batch(message("MENU")), "object": "instagram"}),
        Case("no signature", good._replace(headers=unsigned), 403),
        Case("a forged text", good._replace(body=good.body.replace(b"MENU", b"CART")), 403),
        posted("no JSON", b"{", status=400),
        posted("wrong types", {"object": PRODUCT, "entry": 5}, status=400),
        posted("too long", b" " * (LONGEST_BODY + 1), status=413),
        Case("the handshake", meta.handshake(PATH, word), 200),
        Case("the handshake with a wrong word", meta.handshake(PATH, "no"), 403),
        Case("a handshake for something else", meta.handshake(PATH, word, "unsubscribe"), 400),
    )  # fmt: skip


def sent(call: Request) -> Sent:
    """Read a call that sends a reply."""
    said = json.loads(call.body)
    message = said["message"]
    quick = message.get("quick_replies", [])
    return Sent(said["recipient"]["id"], message["text"], tuple(one["payload"] for one in quick))


def tried(api_url: str) -> dict[str, str]:
    """Make settings to try with."""
    return {
        "MESSENGER_APP_SECRET": secrets.token_hex(16),
        "MESSENGER_VERIFY_TOKEN": secrets.token_hex(8),
        "MESSENGER_ACCESS_TOKEN": secrets.token_hex(16),
        "MESSENGER_API_URL": api_url,
    }


SAMPLE: Final = Sample(
    CONTACT, tried, request, cases, sent=sent,
    accepted=b'{"recipient_id": "1254477777772919", "message_id": "m_1"}',
    api_url=lambda config: settings(config).api_url,
)  # fmt: skip
