"""Telegram: `POST /telegram/messages`, one update each, known by a word in a header.

Telegram does not sign: it brings the `secret_token` of setWebhook in the header
X-Telegram-Bot-Api-Secret-Token. The reply stands in the response, as the method sendMessage in
JSON, so that no token of the bot is needed; what becomes of it is never told. What is not answered
with a 2xx comes again, with its update_id.
Only messages of people in private chats are read, and taps of inline buttons that an operator sent
with other means. All else (groups, channels, bots, edits, reactions, business messages, inline
queries) is acknowledged and left alone. So is my_chat_member, which tells that a person blocked the
bot: nothing reaches them then, and noted as an opt-out it would silence whoever unblocks it later
and just goes on writing.
Buttons are a reply keyboard, not an inline one. The tap of an inline button has to be answered by
a call of its own (answerCallbackQuery) or the button goes on loading, and a response holds one
method; and inline buttons stay below old messages, where "5" would pick from what was shown since.
A reply keyboard is replaced by that of the next reply, or removed, and leaves the person's choice
to read in the chat. What a tap sends is the button's text, so a number's is `4 · CAR T cells`,
a form that nobody types, and is read as `4`.
Read on 2026-11-29: core.telegram.org (bots/api: setWebhook, sendMessage; bots/api-changelog up to
Bot API 10.3; bots/features: commands, deep links; api/bots/bot-to-bot); the fields of Update,
Message, ReplyKeyboardMarkup and LinkPreviewOptions, and what becomes of a webhook's response, as
the Bot API server 10.0 has them.
"""

import hmac
import re
import unicodedata
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, abort
from flask import request as current_request

from bot import sms
from bot.channels.channel import Channel, raw_body
from bot.config import Config
from bot.model import Choice, Inbound, Reply
from bot.turn import Report, Take

NAME: Final = "telegram"
PATH: Final = "/telegram/messages"
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name

LONGEST_REPLY: Final = 4096
"""Characters of a text that sendMessage takes; counted here in UTF-16 units, which are no fewer."""

GREETED_WITH: Final = "MENU"
"""What pressing Start is read as. A greeting would be answered in English, and START with "you are
opted in": the menu comes in the language of the person's app, and says what can be asked."""

MEDIA: Final = frozenset({
    "animation", "audio", "checklist", "contact", "dice", "document", "game", "giveaway",
    "giveaway_winners", "invoice", "live_photo", "location", "paid_media", "photo", "poll",
    "rich_message", "sticker", "story", "venue", "video", "video_note", "voice",
})  # fmt: skip
"""Fields of a message that a person sent without a text; any other one is a service message."""

MARK: Final = " · "
"""What stands between a number and its title on a button, and nowhere else that people type."""

LONGEST_LABEL: Final = 48
"""UTF-16 units on a button. No document names a limit; apps cut what does not fit."""

ABREAST: Final = 3
ROOM: Final = 36
"""Columns that the buttons of a row share evenly: what a phone of 320 points shows uncut."""

_BUTTON: Final = re.compile(r"\s*(\d{1,3}) ·(?:\s.*)?", re.ASCII)
_START: Final = re.compile(r"/start(?:@\w+)?(?: ([\w-]{1,64}))?\s*", re.ASCII)
"""A link to the bot may carry a word of up to 64 such characters: what to ask, in letters alone
(`t.me/bot?start=CART`), or where the link stood (`poster-7`), which is nothing to answer."""
_COMMAND: Final = re.compile(r"/([^\s/@]+)(?:@\w+)?(?!\S)")
_NOTHING: Final = b"{}"


class User(msgspec.Struct, frozen=True):
    """Who sent it, without names."""

    is_bot: bool = False
    language_code: str = ""


class Chat(msgspec.Struct, frozen=True):
    """Where it was sent."""

    id: int
    type: str = ""


class Message(msgspec.Struct, frozen=True):
    """What is read of a message."""

    chat: Chat
    sender: User | None = msgspec.field(name="from", default=None)
    text: str = ""
    caption: str = ""
    business_connection_id: str = ""


class Tap(msgspec.Struct, frozen=True):
    """A tap of an inline button (CallbackQuery); `message` is the one below which it stood."""

    sender: User = msgspec.field(name="from")
    message: Message | None = None
    data: str = ""


class Update(msgspec.Struct, frozen=True):
    """What is read of an update: at most one of its parts is there."""

    update_id: int
    message: msgspec.Raw = msgspec.Raw()
    callback_query: Tap | None = None


_UPDATE: Final = msgspec.json.Decoder(Update)
_MESSAGE: Final = msgspec.json.Decoder(Message)
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def blueprint(config: Config, take: Take, _: Report) -> Blueprint:
    """Make the routes of this channel."""
    assert config.telegram is not None  # noqa: S101 - made only where it is there
    routes = Blueprint(NAME, __name__)
    secret = config.telegram.secret_token.encode()

    @routes.post(PATH)
    def messages() -> Response:
        brought = current_request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(brought, secret):
            abort(403, f"{SECRET_HEADER} is not what TELEGRAM_SECRET_TOKEN says.")
        try:
            inbounds = read(raw_body(current_request))
        except (ValueError, RecursionError) as error:
            abort(400, f"The body is no update of Telegram's: {error}")
        body = _NOTHING
        for inbound in inbounds:
            body = write(inbound.contact, take(inbound))
        return Response(body, mimetype="application/json")

    return routes


def read(body: bytes) -> tuple[Inbound, ...]:
    """Read an update; nothing where it is none of a person's messages, ValueError if it is wrong.

    Whoever presses Start, or texts it, wants to be answered, whatever was before: that is noted as
    an opt-in, without a reply of its own, and the menu is asked for.
    """
    update = _UPDATE.decode(body)
    if update.message:
        message = _MESSAGE.decode(update.message)
        sender, text = message.sender, message.text or message.caption
        media = not MEDIA.isdisjoint(_FIELDS.decode(update.message))
    elif (tap := update.callback_query) and tap.message:
        message, sender, text, media = tap.message, tap.sender, tap.data, False
    else:
        return ()
    if message.chat.type != "private" or message.business_connection_id:
        return ()
    if sender is None or sender.is_bot or not (text or media):
        return ()
    start = _START.fullmatch(text)
    inbound = Inbound(
        channel=NAME,
        contact=str(message.chat.id),
        id=str(update.update_id),
        text=asked_by(start) if start else meant(text),
        media=int(media),
        medium="chat",
        hint=sender.language_code,
    )
    if not start:
        return (inbound,)
    opt_in = msgspec.structs.replace(
        inbound, id=f"{inbound.id}:start", text="", carrier_answered="start"
    )
    return opt_in, inbound


def asked_by(start: re.Match[str]) -> str:
    """Give what pressing Start asks: the word of the link, or for the menu."""
    word: str = start[1] or ""
    return word if word.isalpha() else GREETED_WITH


def meant(text: str) -> str:
    """Give the words of a text: of a button its number, of a command no slash and no bot's name."""
    if button := _BUTTON.fullmatch(text):
        return button[1]
    if command := _COMMAND.match(text):
        return command[1] + text[command.end() :]
    return text


def write(contact: str, reply: Reply) -> bytes:
    """Write a reply as a call of sendMessage, or as one of nothing.

    No parse_mode: a text is sent as it stands. No preview of the link, which would hide the answer.
    """
    text = sms.within(sms.clean(reply.text), LONGEST_REPLY)[0]
    if not text:
        return _NOTHING
    call = {
        "method": "sendMessage",
        "chat_id": int(contact),
        "text": text,
        "link_preview_options": {"is_disabled": True},
        "reply_markup": keyboard(reply.choices),
    }
    return msgspec.json.encode(call)


def keyboard(choices: tuple[Choice, ...]) -> dict[str, Any]:
    """Lay choices out as a reply keyboard; without any, the one of the reply before is removed."""
    if not choices:
        return {"remove_keyboard": True}
    rows: list[list[str]] = []
    for one in map(label, choices):
        wider = [*rows[-1], one] if rows else []
        if wider and len(wider) <= ABREAST and max(map(columns, wider)) * len(wider) <= ROOM:
            rows[-1] = wider
        else:
            rows.append([one])
    return {
        "keyboard": [[{"text": one} for one in row] for row in rows],
        "resize_keyboard": True,
    }


def shown(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Give the choices as the keyboard has them."""
    return tuple(Choice(one.word, label(one)) for one in choices)


def label(choice: Choice) -> str:
    """Give what a button shows, and texts when it is tapped: the word, a number with its title."""
    if not choice.word.isdigit():
        return choice.word
    title = " ".join(sms.clean(choice.title).split())
    return sms.within(f"{choice.word}{MARK}{title}", LONGEST_LABEL)[0]


def columns(text: str) -> int:
    """Count the columns of a text as a terminal would: two for a wide letter, none for a mark."""
    return sum(
        0 if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )  # fmt: skip


CHANNEL: Final = Channel(
    NAME, "Telegram", lambda config: config.telegram is not None, blueprint,
    medium="chat", shown=shown,
)  # fmt: skip
