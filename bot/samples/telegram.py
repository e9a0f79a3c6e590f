"""Telegram's samples: updates in JSON, with the word of the webhook in a header."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from bot.channels.channel import LONGEST_BODY
from bot.channels.telegram import GREETED_WITH, PATH, SECRET_HEADER
from bot.config import Config
from bot.samples.sample import Case, Request, Sample, Texted, Try

CONTACT: Final = "1111111123"
DATE: Final = 1795910400
BOT: Final = {"id": 4444444, "is_bot": True, "first_name": "Answerline", "username": "answerbot"}
GROUP: Final = {"id": -1001234567890, "type": "supergroup", "title": "A family"}
FILE: Final = {"file_id": "AgAC", "file_unique_id": "AQAD"}
PHOTO: Final = [{**FILE, "width": 90, "height": 67}, {**FILE, "width": 800, "height": 600}]
VIDEO: Final = {**FILE, "width": 800, "height": 600, "duration": 9}
PLACE: Final = {"latitude": 45.5, "longitude": -73.6}

Fields = Mapping[str, Any]


def number(id: str) -> int:
    """Give the update's number for a message's id: the same one for the same."""
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:6], "big")


def person(contact: str) -> dict[str, Any]:
    """Write who sends, with all that Telegram tells."""
    return {
        "id": _id(contact), "is_bot": False, "first_name": "A.", "last_name": "Person",
        "username": "a_person", "language_code": "en",
    }  # fmt: skip


def message(contact: str, /, **fields: Any) -> dict[str, Any]:
    """Write a message in a private chat; `sender` and `chat` may be others."""
    sender = fields.pop("sender", person(contact))
    chat = {"id": _id(contact), "type": "private", "first_name": "A.", "username": "a_person"}
    return {"message_id": 7, "from": sender, "chat": chat, "date": DATE, **fields}


def tap(contact: str, below: Fields, /, **fields: Any) -> dict[str, Any]:
    """Write the tap of an inline button below a message."""
    return {
        "id": "43820", "from": person(contact), "chat_instance": "-76543", "message": below,
        **fields,
    }  # fmt: skip


def posted(config: Config, update: object, **headers: str) -> Request:
    """Bring an update as Telegram does."""
    assert config.telegram is not None  # noqa: S101 - asked for only where it is there
    known = {"Content-Type": "application/json", SECRET_HEADER: config.telegram.secret_token}
    return Request("POST", PATH, {**known, **headers}, msgspec.json.encode(update))


def request(config: Config, _: str, texted: Texted) -> Request:
    """Write a message."""
    update = {
        "update_id": number(texted.id), "message": message(texted.contact, text=texted.text)
    }  # fmt: skip
    return posted(config, update)


def replied(body: bytes) -> str:
    """Read the text of a reply; ValueError where it is no call of sendMessage."""
    try:
        call = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ValueError(f"it is no JSON ({error})") from error
    if call and call.get("method") != "sendMessage":
        raise ValueError("it is no call of sendMessage")
    return str(call.get("text", ""))


def _id(contact: str) -> int | str:
    return int(contact) if contact.isascii() and contact.isdigit() else contact


def cases(config: Config, attempt: Try) -> Sequence[Case]:
    """Give the table of this channel."""
    _, contact, run = attempt
    good = request(config, "", Texted("MENU", contact, f"{run}-good"))
    ours = {**message(contact, sender=BOT), "text": "Reply MENU."}
    group = {"chat": GROUP, "text": "CART"}

    def one(name: str, part: str, fields: Fields, *taken: str, status: int = 200) -> Case:
        update = {"update_id": number(f"{run}-{name}"), part: fields}
        return Case(name, posted(config, update), status, taken)

    def texted(name: str, text: str, *taken: str) -> Case:
        return one(name, "message", message(contact, text=text), *taken)

    def sent(name: str, /, *taken: str, **fields: Any) -> Case:
        return one(name, "message", message(contact, **fields), *taken)

    return (
        texted("a message", "MENU", "MENU"),
        Case("the same message again", good, 200, ("MENU",), twice=True),
        texted("the start button", "/start", "", GREETED_WITH),
        texted("a link with a word", "/start poster-7", "", GREETED_WITH),
        texted("a link that asks", "/start CART", "", "CART"),
        texted("start, with the bot's name", "/start@answerbot", "", GREETED_WITH),
        texted("a command", "/help", "help"),
        texted("a command with the bot's name", "/cart@answerbot child", "cart child"),
        texted("a command in another script", "/化疗", "化疗"),
        texted("a slash within", "chemo/cart", "chemo/cart"),
        texted("a button with a number", "4 · CAR T cells", "4"),
        texted("a button from right to left", "5 · شیمی‌درمانی", "5"),
        texted("a button with a word", "CHILD", "CHILD"),
        sent("a picture with a caption", "CART", photo=PHOTO, caption="CART"),
        sent("a picture without", "", photo=PHOTO),
        sent("a video", "", video=VIDEO),
        sent("a document with a caption", "CNS", document=FILE, caption="CNS"),
        sent("a voice message", "", voice={**FILE, "duration": 3}),
        sent("a round video", "", video_note={**FILE, "length": 240, "duration": 3}),
        sent("a sticker", "", sticker={
            **FILE, "type": "regular", "width": 512, "height": 512, "is_animated": False,
            "is_video": False, "emoji": "👍",
        }),
        sent("a place", "", location=PLACE),
        sent("an address", "", location=PLACE, venue={
            "location": PLACE, "title": "Hospital", "address": "1 Main Street",
        }),
        sent("a contact", "", contact={"phone_number": "+15145550123", "first_name": "A."}),
        sent("a poll", "", poll={
            "id": "9", "question": "Which?", "options": [], "total_voter_count": 0,
            "is_closed": False, "is_anonymous": True, "type": "regular",
            "allows_multiple_answers": False, "allows_revoting": False,
            "members_only": False,
        }),
        sent("a die", "", dice={"emoji": "🎲", "value": 4}),
        sent("a pinned message", pinned_message=ours),
        sent("another service message", connected_website="example.ca"),
        sent("from another bot", sender={**BOT, "id": 5555555}, text="MENU"),
        sent("from nobody", sender=None, text="MENU"),
        one("in a group", "message", message(contact, **group)),
        one("in a basic group", "message", message(
            contact, text="CART", chat={"id": -4321, "type": "group", "title": "A family"},
        )),
        one("in a channel", "channel_post", {
            "message_id": 8, "date": DATE, "text": "CART", "sender_chat": {**GROUP, "id": -1},
            "chat": {"id": -1, "type": "channel", "title": "News"},
        }),
        one("of a business", "business_message", message(
            contact, text="CART", business_connection_id="B1",
        )),
        sent("of a business, as a message", text="CART", business_connection_id="B1"),
        one("an edited message", "edited_message", message(contact, text="CART", edit_date=DATE)),
        one("a reaction", "message_reaction", {
            "chat": {"id": 1, "type": "private"}, "message_id": 7, "date": DATE,
            "user": person(contact), "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        }),
        one("an inline query", "inline_query", {
            "id": "11", "from": person(contact), "query": "CART", "offset": "",
        }),
        one("a person who blocks the bot", "my_chat_member", {
            "chat": {"id": 1, "type": "private"}, "from": person(contact), "date": DATE,
            "old_chat_member": {"status": "member", "user": BOT},
            "new_chat_member": {"status": "kicked", "user": BOT, "until_date": 0},
        }),
        one("an inline button", "callback_query", tap(contact, ours, data="CART"), "CART"),
        one("an inline button of long ago", "callback_query", tap(
            contact, {"message_id": 7, "date": 0, "chat": ours["chat"]}, data="CART",
        ), "CART"),
        one("an inline button in a group", "callback_query", tap(
            contact, {**ours, "chat": GROUP}, data="CART",
        )),
        one("the button of a game", "callback_query", tap(contact, ours, game_short_name="g")),
        one("an update of a kind to come", "something_new", {"chat": 1}),
        Case("no word", good._replace(headers={"Content-Type": "application/json"}), 403),
        Case("a wrong word", posted(config, {}, **{SECRET_HEADER: "x" * 32}), 403),
        Case("no JSON", good._replace(body=b"update_id=1"), 400),
        Case("nothing", good._replace(body=b""), 400),
        Case("no UTF-8", good._replace(body=good.body.replace(b"MENU", b"\xff")), 400),
        Case("too deep", good._replace(body=b'{"update_id":1,"message":' + b"[" * 99_999), 400),
        Case("a batch, which there is not", posted(config, [{"update_id": 1}]), 400),
        Case("no number", posted(config, {"message": message(contact, text="MENU")}), 400),
        one("a text that is none", "message", message(contact, text=["CART"]), status=400),
        one("no chat", "message", {"message_id": 1, "text": "CART"}, status=400),
        Case("too long", good._replace(body=b" " * (LONGEST_BODY + 1)), 413),
    )  # fmt: skip


def settings(_: str) -> dict[str, str]:
    """Make settings to try with."""
    return {"TELEGRAM_SECRET_TOKEN": secrets.token_urlsafe(32)}


SAMPLE: Final = Sample(CONTACT, settings, request, cases, replied)
