"""Twilio's messaging webhook: `POST /twilio/messages`, signed, answered with TwiML.

Read on 2026-11-21: Twilio's documentation of webhook security, of messaging webhooks' parameters,
of opt-out keywords and of Advanced Opt-Out, and the SDK's RequestValidator, which checks here.
"""

import hmac
import logging
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from flask import Blueprint, Request, Response, abort
from flask import request as current_request
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)
from twilio.twiml.messaging_response import MessagingResponse
from werkzeug.datastructures import MultiDict

from bot import sms
from bot.config import Config
from bot.model import Inbound, OptOut, Reply
from bot.turn import Take

NAME: Final = "twilio"
PATH: Final = "/twilio/messages"

FORM: Final = "application/x-www-form-urlencoded"
LONGEST_FORM: Final = 64 * 1024
"""Bytes of a form that are accepted; a message of 1,600 characters takes less than 20,000."""

LONGEST_REPLY: Final = 1600
"""UTF-16 units of a message's body that Twilio takes; it refuses longer ones (error 21617)."""

ANSWERED_BY_TWILIO: Final[Mapping[str, OptOut]] = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "stop"
    ),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "start"),
    **dict.fromkeys(("HELP", "INFO"), "help"),
}
"""Twilio's default keywords on long codes and toll-free numbers. ARRET and AIDE are not."""

_OPT_OUT_TYPES: Final[Mapping[str, OptOut]] = {"STOP": "stop", "START": "start", "HELP": "help"}

log = logging.getLogger(__name__)
_warned: dict[str, int] = {}


def blueprint(config: Config, take: Take) -> Blueprint:
    """Make the routes of this channel."""
    routes = Blueprint(NAME, __name__)
    account = RequestValidator(config.twilio_auth_token)
    shared = RequestValidator(config.twilio_signing_key or config.twilio_auth_token)

    @routes.post(PATH)
    def messages() -> Response:
        # Out of the proxy once, and not at every look.
        request = current_request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
        if not config.twilio_auth_token:
            abort(503, "TWILIO_AUTH_TOKEN is not set, so no message can be verified.")
        if request.mimetype != FORM:
            abort(415, f"Send the message as {FORM}.")
        # Refused before the body is read: by its length, and where there is nothing to check.
        request.max_content_length = LONGEST_FORM
        if request.content_length is not None and request.content_length > LONGEST_FORM:
            abort(413)
        signature = request.headers.get(SIGNATURE_HEADER, "")
        settings = request.headers.get(SIGNATURE_SETTINGS_HEADER, "")
        validator = shared if settings else account
        url = signed_url(request, config.public_base_url)
        if not signature or not verified(validator, url, request.form, signature, settings):
            _warn_of_signature()
            abort(403, "The signature does not match: check TWILIO_AUTH_TOKEN and PUBLIC_BASE_URL.")
        inbound = read(request.form, config.twilio_opt_out == "twilio")
        if inbound is None:
            abort(400, "MessageSid and From are needed.")
        if inbound.contact == request.form.get("To"):
            return write(Reply("out_of_scope"))  # our own number: answering would never end
        return write(take(inbound))

    return routes


def _warn_of_signature() -> None:
    """Tell the operator, once a minute at most: anyone can send what is refused."""
    minute = int(time.monotonic() // 60)
    if _warned.get("minute") != minute:
        _warned["minute"] = minute
        log.warning(
            "refused a message whose signature does not match; if Twilio sent it, check "
            "TWILIO_AUTH_TOKEN, TWILIO_SIGNING_KEY and PUBLIC_BASE_URL"
        )


def signed_url(request: Request, base_url: str) -> str:
    """Give the address that Twilio signed: the public one, with path and query as they were sent.

    `request.url` would not do: it decodes percent-escapes, and behind a proxy it has another scheme
    and host. Where the server does not hand over the raw path, the decoded one is quoted again.
    """
    raw: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    path = raw.partition("?")[0] if raw.startswith("/") else quote(request.path)
    query: str = request.environ.get("QUERY_STRING", "")
    base = base_url or f"{request.scheme}://{request.host}"
    return f"{base}{path}?{query}" if query else f"{base}{path}"


def verified(
    validator: RequestValidator,
    url: str,
    form: MultiDict[str, str],
    signature: str,
    settings: str,
) -> bool:
    """Check a signature as the SDK does: HMAC-SHA1, or what the settings header names.

    The SDK always computes two, for the address with its port and without. Nearly always the first
    try here, the address as it is, is right already.
    """
    algorithm, values = get_signature_algorithm(settings), _Values(form.lists())
    try:
        right = validator.compute_signature(url, values, algorithm)
        if hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            return True
        return bool(validator.validate(url, values, signature, algorithm))
    except ValueError:  # an unknown algorithm, or an address whose host or port is none
        return False


class _Values(dict[str, list[str]]):
    """A form as the SDK likes it best: it asks for `getall` before anything else."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def read(form: Mapping[str, str], twilio_answers: bool) -> Inbound | None:
    """Read a verified form; None without an id or a sender.

    What else Twilio sends (city, postal code, profile name ...) is personal and is dropped here.
    `twilio_answers` says that Twilio itself answers its default opt-out words.
    """
    id, contact = form.get("MessageSid", "").strip(), form.get("From", "").strip()
    if not id or not contact:
        return None
    text = form.get("Body", "")
    answered = _OPT_OUT_TYPES.get(form.get("OptOutType", "").strip().upper(), "")
    if not answered and twilio_answers:
        answered = ANSWERED_BY_TWILIO.get(text.strip().upper(), "")
    media = form.get("NumMedia", "").strip()
    return Inbound(
        channel=NAME,
        contact=contact,
        id=id,
        text=text,
        media=int(media) if media.isascii() and media.isdigit() else 0,
        carrier_answered=answered,
    )


def write(reply: Reply) -> Response:
    """Write a reply as TwiML: one message, or none."""
    twiml = MessagingResponse()
    if reply.text:
        twiml.message(shortened(sms.clean(reply.text)))
    return Response(str(twiml), mimetype="text/xml")


def shortened(text: str) -> str:
    """Keep to what Twilio takes, at the end of a sentence: a guard, as pages are far shorter."""
    if len(text) * 2 <= LONGEST_REPLY:
        return text
    return sms.cut(text, lambda page: len(page.encode("utf-16-le")) // 2 <= LONGEST_REPLY)[0]
