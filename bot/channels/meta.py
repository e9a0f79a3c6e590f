"""What WhatsApp's Cloud API and Messenger share, as both are Meta's: no channel of its own.

The address is confirmed by a GET that brings our own word (`hub.verify_token`) and wants its
`hub.challenge` back. What is posted is signed: `X-Hub-Signature-256` is `sha256=` and the HMAC of
the body as it came, under the app's secret. Up to 1,000 events come at once, in at most 3 MB; what
is not answered with 200 comes again for days, so what is no message is acknowledged too. Nothing
signed tells when it was sent, so a replay is known by its id alone. Errors of the Graph API have a
`code`, and often an `error_subcode`.

Read on 2026-11-29: developers.facebook.com, "Webhooks: getting started", "WhatsApp webhooks:
overview", "Graph API: handling errors", "Graph API changelog".
"""

import hmac
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from flask import Blueprint, Response, abort, request

from bot import sms
from bot.channels.channel import raw_body, warn_of_stranger
from bot.model import Choice, Inbound
from bot.outbox import Later, Never, Outcome, Sent, outcome_of
from bot.turn import Take

if TYPE_CHECKING:
    import httpx

SIGNATURE: Final = "X-Hub-Signature-256"
PREFIX: Final = "sha256="

LONGEST_BODY: Final = 3 * 1024 * 1024
"""Bytes of a request, as documented: a batch that is refused would come again, and be lost."""

REFUSED: Final = "the access token was refused: renew it, then replay"
PERMISSION: Final = "the app or its token may not do that: give it the permission, then replay"

PUT_OFF: Final[Mapping[int, str]] = {
    1: "Meta had a fault, or the app misses a permission",
    2: "Meta's service is away for a while",
    4: "the app makes too many calls",
    17: "the account makes too many calls",
    32: "the page makes too many calls",
    341: "Meta takes no more for a while",
    613: "too many calls of this kind",
}
"""Codes of the Graph API that pass, and what they mean."""

GIVEN_UP: Final[Mapping[int, str]] = {
    102: REFUSED,
    190: REFUSED,
    3: PERMISSION,
    10: PERMISSION,
    **dict.fromkeys(range(200, 300), PERMISSION),
    100: "Meta says that the call is wrong: a fault in here, or another version of its API",
    368: "Meta has blocked the account for breaking a rule: see its dashboard, then replay",
}
"""Codes of the Graph API that do not pass by themselves, and what they mean."""

log = logging.getLogger(__name__)

Something = TypeVar("Something")


class Envelope(msgspec.Struct, frozen=True):
    """What is posted: `object` tells for which product, each entry is looked at by itself."""

    object: str = ""
    entry: list[msgspec.Raw] = []


_ENVELOPE: Final = msgspec.json.Decoder(Envelope)


class Fault(msgspec.Struct, frozen=True):
    """What a refusal says; its texts are left out, as they may name somebody."""

    code: int = 0
    error_subcode: int = 0
    is_transient: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """The body of a refusal."""

    error: Fault


_REFUSAL: Final = msgspec.json.Decoder(Refusal, strict=False)


def webhook(
    name: str,
    secret: str,
    verify_token: str,
    read: Callable[[bytes], Iterable[Inbound]],
    take: Take,
) -> Blueprint:
    """Make the routes of a channel at `/<name>/messages`: the handshake, and what is posted.

    `read` gives the messages in a verified body.
    """
    routes = Blueprint(name, __name__)
    path, key, word = f"/{name}/messages", secret.encode(), verify_token.encode()

    @routes.get(path)
    def handshake() -> Response:
        brought = request.args.get("hub.verify_token", "").encode(errors="replace")
        if not hmac.compare_digest(word, brought):
            abort(403, f"The word does not match: check {name.upper()}_VERIFY_TOKEN.")
        if request.args.get("hub.mode") != "subscribe":
            abort(400, "Only hub.mode=subscribe is known.")
        return Response(request.args.get("hub.challenge", ""), mimetype="text/plain")

    @routes.post(path)
    def messages() -> Response:
        body = raw_body(request, LONGEST_BODY)
        if not is_right(key, body, request.headers.get(SIGNATURE, "")):
            hint = f"its signature does not match; check {name.upper()}_APP_SECRET"
            warn_of_stranger(name, log, hint)
            abort(403, f"The signature does not match: check {name.upper()}_APP_SECRET.")
        for inbound in read(body):
            take(inbound)
        return Response(status=200, mimetype="text/plain")

    return routes


def sign(key: bytes, body: bytes) -> str:
    """Sign a body as Meta does."""
    return f"{PREFIX}{hmac.digest(key, body, 'sha256').hex()}"


def is_right(key: bytes, body: bytes, signature: str) -> bool:
    """Check a signature, in the time that any takes."""
    return hmac.compare_digest(sign(key, body).encode(), signature.encode(errors="replace"))


def entries(body: bytes, product: str) -> list[msgspec.Raw]:
    """Read a verified body's entries; none where it is about another product.

    What is no JSON of this kind at all ends the request with a 400.
    """
    try:
        try:
            envelope = _ENVELOPE.decode(body)
        except msgspec.DecodeError:  # half an emoji in one text, which loses all of them
            whole = json.dumps(json.loads(body), ensure_ascii=False)
            envelope = _ENVELOPE.decode(whole.encode(errors="replace"))
    except (ValueError, RecursionError):
        abort(400, "The body is no JSON with a list of entries, as Meta posts it.")
    return envelope.entry if envelope.object == product else []


def each(
    decoder: "msgspec.json.Decoder[Something]", raws: Iterable[msgspec.Raw]
) -> Iterator[Something]:
    """Read each of a list's parts; one that cannot be read is left out, and does not lose others.

    A refusal would have Meta send all of them again and again.
    """
    for raw in raws:
        try:
            yield decoder.decode(raw)
        except (ValueError, RecursionError):
            log.warning("left out a part of a post that cannot be read")


def post(client: "httpx.Client", url: str, token: str, body: Mapping[str, Any]) -> "httpx.Response":
    """Call the Graph API; the token goes in a header, as addresses stand in logs."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return client.post(url, content=msgspec.json.encode(body), headers=headers)


def outcome(
    response: "httpx.Response", put_off: Mapping[int, str], given_up: Mapping[int, str]
) -> Outcome:
    """Read an answer of the Graph API: by its subcode, else its code, else its status.

    `put_off` and `given_up` are codes of the product itself, and what they mean.
    """
    usual = outcome_of(response)
    if isinstance(usual, Sent):
        return usual
    try:
        fault = _REFUSAL.decode(response.content).error
    except (ValueError, RecursionError):
        return usual
    after = usual.after if isinstance(usual, Later) else 0
    told = f"error {fault.code}" + (f", {fault.error_subcode}" if fault.error_subcode else "")
    for code, later, never in (
        (fault.error_subcode, put_off, given_up),
        (fault.code, put_off, given_up),
        (fault.code, PUT_OFF, GIVEN_UP),
    ):
        if code in later:
            return Later(f"{later[code]} ({told})", after)
        if code in never:
            return Never(f"{never[code]} ({told})")
    if not fault.code:
        return usual
    why = f"status {response.status_code}, {told}"
    if fault.is_transient or isinstance(usual, Later):
        return Later(why, after)
    return Never(why)


def fits(text: str, longest: int) -> bool:
    """Say whether a text has at most so many UTF-16 units.

    Meta does not say what it counts as a character; whatever it is, there are no more of them.
    """
    return sms.fits(text, sms.Budget(units=longest))


def shortened(text: str, longest: int) -> str:
    """Give a title that fits, with a mark where something is left out."""
    return text if fits(text, longest) else sms.within(text, longest - 1)[0] + "…"


def chosen(choices: tuple[Choice, ...], most: int) -> tuple[Choice, ...]:
    """Choose which choices become buttons where there is room for `most`.

    Numbers come first, but leave room for words such as MENU and CHILD; all of them stand in the
    text as well.
    """
    words = [one for one in choices if not one.word.isdigit()]
    numbers = [one for one in choices if one.word.isdigit()]
    return (*numbers[: max(most - len(words), 0)], *words)[:most]
