"""Sends replies by the Messages API: `POST /v1/messages`, with a token of the application's."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec
import regex

from bot import sms
from bot.channels.vonage.naming import ERRORS, LONGEST
from bot.channels.vonage.reading import Back
from bot.config import Config
from bot.model import Choice
from bot.outbox import Later, Never, Outcome, Send, outcome_of
from bot.platforms import Vonage
from bot.posts import Outgoing
from bot.turn import now

if TYPE_CHECKING:
    import httpx

LASTS: Final = 15 * 60
RENEWED: Final = 60
"""Seconds that a token lasts (up to a day would do), and before its end that another is made."""

MOST_BUTTONS: Final = 3
LONGEST_TITLE: Final = 20
LONGEST_WITH_BUTTONS: Final = 1024
"""What WhatsApp takes: buttons, characters of a title, and of a text that has buttons."""

MOST_SUGGESTIONS: Final = 11
LONGEST_SUGGESTION: Final = 25
"""What RCS takes: suggested replies below a text, and characters of each."""

REFUSED: Final = {
    401: "the token was refused: check VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY, then replay",
    402: "the account has no credit: top it up, then replay",
    403: "the account or application may not send this",
    404: "there is no such address: check VONAGE_API_URL",
    422: "a value was not accepted",
}


class Problem(msgspec.Struct, frozen=True):
    """What comes with a refusal (RFC 7807); a code is at the end of `type`."""

    type: str = ""


def sender(config: Config) -> Send:
    """Make what sends a reply through Vonage."""
    assert config.vonage is not None  # noqa: S101 - made only where it is there
    url, token = f"{config.vonage.api_url}/v1/messages", tokens(config.vonage)

    def send(client: "httpx.Client", outgoing: Outgoing) -> Outcome:
        try:
            bearer = token()
        except (ValueError, TypeError) as error:  # what PyJWT and cryptography find wrong
            return Never(f"VONAGE_PRIVATE_KEY cannot sign ({type(error).__name__})")
        headers = {"Authorization": f"Bearer {bearer}"}
        return told(client.post(url, json=written(outgoing), headers=headers))

    return send


def tokens(vonage: Vonage, clock: Callable[[], float] = now) -> Callable[[], str]:
    """Make what gives a token: the one before, until shortly before its end."""
    made: tuple[str, float] = ("", 0)

    def token() -> str:
        nonlocal made
        bearer, until = made
        now = clock()
        if not now < until - RENEWED < now + LASTS:
            import jwt  # noqa: PLC0415 - it brings cryptography, for some only

            until = int(now) + LASTS
            claims = {
                "application_id": vonage.application_id, "iat": int(now), "exp": until,
                "jti": str(uuid4()),
            }  # fmt: skip
            try:
                bearer = jwt.encode(claims, vonage.private_key, algorithm="RS256")
            except jwt.PyJWTError as error:
                raise ValueError(str(type(error))) from error
            made = bearer, until
        return bearer

    return token


def written(outgoing: Outgoing) -> dict[str, Any]:
    """Write the call's body: a text, with buttons where its channel has them."""
    back = msgspec.json.decode(outgoing.back, type=Back)
    text = sms.clean(outgoing.reply.text)
    longest = LONGEST[back.channel]
    if len(text) > longest:  # a guard: pages are far shorter
        text = sms.cut(text, lambda page: len(page) <= longest)[0]
    common = {
        "channel": back.channel, "from": back.number,
        "to": outgoing.contact.partition(":")[2],
    }  # fmt: skip
    choices = outgoing.reply.choices
    has_room = len(text) <= LONGEST_WITH_BUTTONS and 0 < len(choices) <= MOST_BUTTONS
    if back.channel == "whatsapp" and has_room:
        return {**common, "message_type": "custom", "custom": _with_buttons(text, choices)}
    body: dict[str, Any] = {**common, "message_type": "text", "text": text}
    if back.channel == "rcs" and choices:
        body["suggestions"] = [
            {
                "type": "reply", "text": shortened(one.title, LONGEST_SUGGESTION),
                "postback_data": one.word,
            }
            for one in choices[:MOST_SUGGESTIONS]
        ]  # fmt: skip
    return body


def _with_buttons(text: str, choices: tuple[Choice, ...]) -> dict[str, Any]:
    """Write a text with buttons as WhatsApp has it: Vonage passes it on as it is."""
    buttons = [
        {"type": "reply", "reply": {"id": one.word, "title": shortened(one.title, LONGEST_TITLE)}}
        for one in choices
    ]
    interactive = {"type": "button", "body": {"text": text}, "action": {"buttons": buttons}}
    return {"type": "interactive", "interactive": interactive}


def shortened(title: str, longest: int) -> str:
    """Keep as many graphemes of a title as fit in so many UTF-16 units."""
    kept = ""
    for grapheme in regex.findall(r"\X", title):
        if len(f"{kept}{grapheme}".encode("utf-16-le")) // 2 > longest:
            break
        kept += grapheme
    return kept.strip()


def told(response: "httpx.Response") -> Outcome:
    """Read what Vonage says to a message: 202 where it was taken, else an error and its code."""
    outcome = outcome_of(response)
    if response.is_success:
        return outcome
    try:
        code = msgspec.json.decode(response.content, type=Problem).type.rpartition("#")[2]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        code = ""
    why = ERRORS.get(int(code), "") if code.isascii() and code.isdigit() else ""
    if isinstance(outcome, Later):
        return Later(f"status {response.status_code}" + (f": {why}" if why else ""), outcome.after)
    said = why or REFUSED.get(response.status_code, "it was not accepted")
    return Never(f"status {response.status_code}: {said}")
