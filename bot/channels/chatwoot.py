"""Chatwoot, as an agent bot: `POST /chatwoot/messages`, answered at once; replies by its API.

What an inbox of Chatwoot's takes in (web chat, SMS, WhatsApp, Telegram, mail ...) is the bot's turn
while the conversation is `pending`. Handing over makes it `open`: people see it, and the line is
silent in it until it is pending again. Whatever is answered with an error, or not within five
seconds, becomes open too (4.7 and later); after 429 and 500 it comes twice more before that.

Agent bots' events are signed since 4.13: `X-Chatwoot-Signature` is `sha256=` and the HMAC of
`timestamp.body`, `X-Chatwoot-Timestamp` Unix seconds. Before that nothing is, so that the secret
has to stand in the address, as `?token=`. This opens no other door: who knows the secret could sign
as well, and what is signed wrongly is not let in by it.

Read on 2026-11-29: Chatwoot's documentation of agent bots, webhook events and interactive messages;
of its source the webhook's job and trigger, the agent bot's listener, the presenters, the
controllers of messages and conversations, the channels of Telegram, WhatsApp and Twilio, the
limits of messages; its pull requests 12379, 13521 and 13892, its issues 8242, 8288 and 13862.
"""

import hmac
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from flask import Blueprint, Request, Response, abort
from flask import request as current_request

from bot import sms
from bot.channels.channel import Channel, raw_body, warn_of_stranger
from bot.channels.chatwoot_events import INSTAGRAM, Said, read
from bot.config import Config
from bot.model import Choice, Inbound
from bot.outbox import Later, Never, Outcome, Send, outcome_of
from bot.posts import Outgoing
from bot.turn import NotTakenError, Report, Take
from bot.turn import now as clock

if TYPE_CHECKING:
    import httpx

NAME: Final = "chatwoot"
PATH: Final = "/chatwoot/messages"

SIGNATURE: Final = "X-Chatwoot-Signature"
TIMESTAMP: Final = "X-Chatwoot-Timestamp"
TOKEN: Final = "token"  # noqa: S105 - a parameter's name

OLDEST: Final = 300
"""Seconds by which a signature's time may be off."""

LONGEST_TIMESTAMP: Final = 15

LONGEST_EVENT: Final = 1024 * 1024
"""Bytes of an event: that of a mail has its text several times over."""

WITH_BUTTONS: Final = frozenset({"Channel::WebWidget", "Channel::Telegram"})
"""Inboxes that show an `input_select` as buttons below the text, and give a button's value back.

WhatsApp does not: a tap gives the title back, and a title or text that is too long for it is lost
without a word. To all others the text goes alone; what can be tapped stands in it.
"""

LONGEST: Final[Mapping[str, int]] = {
    INSTAGRAM: 1000,
    "Channel::TwilioSms": 1600,
    "Channel::FacebookPage": 2000,
}
"""Characters that an inbox's platform takes."""

LONGEST_ELSEWHERE: Final = 4000

LONGEST_WORD: Final = 64
"""Bytes that Telegram takes of a button's value."""

FULL: Final = b"Too many messages"
"""What Chatwoot says, with status 422, to more in one conversation than it takes in a minute."""

log = logging.getLogger(__name__)


class Back(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender needs: where to, whether with buttons, how many characters at most."""

    account: int
    conversation: int
    buttons: bool = False
    longest: int = LONGEST_ELSEWHERE


_BACK: Final = msgspec.json.Decoder(Back)


def blueprint(config: Config, take: Take, _: Report) -> Blueprint:
    """Make the routes of this channel."""
    routes = Blueprint(NAME, __name__)
    assert config.chatwoot is not None  # noqa: S101 - made only where it is there
    secret = config.chatwoot.secret.encode()

    @routes.post(PATH)
    def messages() -> Response:
        body, now = raw_body(current_request, LONGEST_EVENT), clock()
        if why := refused(current_request, body, secret, now):
            warn_of_stranger(NAME, log, why)
            abort(403, why)
        try:
            said = read(body, now)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            abort(400, f"This is no event of Chatwoot's: {error}.")
        if said:
            try:
                take(inbound_of(said))
            except NotTakenError:  # Chatwoot sends it again after a 500, and not after a 503
                abort(500, "The message cannot be taken now. Send it again.")
        return Response()

    return routes


def refused(request: Request, body: bytes, secret: bytes, now: int) -> str:
    """Say why a request is not Chatwoot's; empty if it is."""
    signature, timestamp = request.headers.get(SIGNATURE), request.headers.get(TIMESTAMP, "")
    if signature is None:
        token = request.args.get(TOKEN, "").encode("utf-8", "replace")
        right = hmac.compare_digest(token, secret)
        return "" if right else "There is no signature, and no right token: check CHATWOOT_SECRET."
    wanted = sign(secret, timestamp, body).encode()
    if not hmac.compare_digest(wanted, signature.encode("utf-8", "replace")):
        return "The signature does not match: check CHATWOOT_SECRET."
    readable = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= LONGEST_TIMESTAMP
    if not readable or abs(now - int(timestamp)) > OLDEST:
        return "The signature is more than five minutes off: check the clocks."
    return ""


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """Sign a body as Chatwoot does."""
    mac = hmac.digest(secret, timestamp.encode("utf-8", "replace") + b"." + body, "sha256")
    return f"sha256={mac.hex()}"


def inbound_of(said: Said) -> Inbound:
    """Make what the turn takes, with what the sender needs."""
    channel = said.channel
    back = Back(
        said.account,
        said.conversation,
        channel in WITH_BUTTONS,
        LONGEST.get(channel, LONGEST_ELSEWHERE),
    )
    return Inbound(
        channel=NAME,
        contact=said.contact,
        id=said.id,
        text=said.text,
        media=0 if said.text else 1,
        medium=said.medium,
        hint=said.hint,
        handoff=True,
        back=msgspec.json.encode(back).decode(),
    )


def sender(config: Config) -> Send:
    """Make what sends replies, and what opens a conversation for people."""
    assert config.chatwoot is not None  # noqa: S101 - made only where it is there
    api = f"{config.chatwoot.url}/api/v1/accounts"
    # Documented as api_access_token, the same to Chatwoot; but nginx drops names with a "_".
    headers = {"Api-Access-Token": config.chatwoot.token, "Content-Type": "application/json"}

    def send(client: "httpx.Client", outgoing: Outgoing) -> Outcome:
        back = _BACK.decode(outgoing.back)
        place = f"{api}/{back.account}/conversations/{back.conversation}"
        if outgoing.kind == "handoff":
            url, call = f"{place}/toggle_status", {"status": "open"}
        else:
            url, call = f"{place}/messages", message(outgoing, back)
        return outcome(client.post(url, content=msgspec.json.encode(call), headers=headers))

    return send


def message(outgoing: Outgoing, back: Back) -> dict[str, Any]:
    """Write a reply, with its buttons where the inbox shows them."""
    text = sms.clean(outgoing.reply.text)
    text = sms.cut(text, lambda page: len(page) <= back.longest)[0]
    plain: dict[str, Any] = {"content": text, "message_type": "outgoing", "private": False}
    if not back.buttons or not (items := buttons(outgoing.reply.choices)):
        return plain
    return {**plain, "content_type": "input_select", "content_attributes": {"items": items}}


def buttons(choices: tuple[Choice, ...]) -> list[dict[str, str]]:
    """Write buttons: how many, and how long their titles are, neither inbox limits for us."""
    return [
        {"title": sms.clean(one.title), "value": one.word}
        for one in choices
        if len(one.word.encode()) <= LONGEST_WORD
    ]


def outcome(response: "httpx.Response") -> Outcome:
    """Read what Chatwoot says to a call."""
    status = response.status_code
    if status == 422 and FULL in response.content:
        return Later("more messages in a minute than Chatwoot takes", 60)
    if status == 404:
        return Never("status 404: the conversation is gone, or CHATWOOT_URL is not Chatwoot's")
    if response.is_redirect:
        return Never(f"status {status}: CHATWOOT_URL leads elsewhere; is it https?")
    return outcome_of(response)


CHANNEL: Final = Channel(
    NAME, "Chatwoot", lambda config: config.chatwoot is not None, blueprint, sender, medium="chat"
)
