"""Twilio: `POST /twilio/messages`, signed, answered with TwiML; `POST /twilio/status` besides.

Texts, WhatsApp, Messenger and RCS come the same way; the sender's address tells which it is. TwiML
has no buttons (Twilio's are templates, sent by another call), so the words stand in the text alone;
what a person taps in an operator's own template is read.
Read on 2026-11-21 and 2026-11-29: Twilio's documentation of webhook security, of the parameters of
messaging webhooks, of opt-out keywords and of Advanced Opt-Out; and the SDK's RequestValidator,
which checks here.
"""

import hmac
import logging
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

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
from bot.channels.channel import Channel, warn_of_stranger
from bot.config import Config
from bot.marking import to_translate
from bot.model import Delivery, Inbound, OptOut, Reply
from bot.turn import Report, Take

NAME: Final = "twilio"
PATH: Final = "/twilio/messages"

STATUS_PATH: Final = "/twilio/status"
OPTED_OUT: Final = 21610
"""Twilio's error for a message to someone who has opted out with it."""
LONGEST_CODE: Final = 6
"""Digits of a number that Twilio sends, such as an error code."""

ERRORS: Final[Mapping[int, str]] = {
    OPTED_OUT: to_translate("the contact has opted out with Twilio: noted as an opt-out here too"),
    21211: to_translate("the number is none"),
    21408: to_translate("the account may not send to that country (geo permissions)"),
    21612: to_translate("this sender cannot reach that number"),
    21614: to_translate("the number cannot receive texts (a landline)"),
    21617: to_translate("the text is longer than 1,600 characters"),
    30001: to_translate(
        "too many messages are waiting (queue overflow): the account's rate is too low"
    ),
    30002: to_translate("the account is suspended"),
    30003: to_translate("the phone cannot be reached: off, out of reach, or it takes no texts"),
    30004: to_translate("blocked by the contact or the carrier"),
    30005: to_translate("the number is unknown, or no longer in use"),
    30006: to_translate("a landline, or a carrier that cannot be reached"),
    30007: to_translate(
        "filtered by the carrier as unwanted: check links and the programme's registration"
    ),
    30008: to_translate("failed for a reason that the carrier does not tell"),
    30032: to_translate("the toll-free number is not verified"),
    30034: to_translate("the number is not registered for this kind of traffic (A2P 10DLC)"),
    30410: to_translate("the carrier did not answer in time"),
}
"""Twilio's error codes that a line of answers meets, and what they mean for it."""

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

CHATS: Final = ("whatsapp:", "messenger:", "rcs:")
"""How addresses begin that are no phone numbers: no segments are paid for there."""

_MACHINE: Final = re.compile(r"\d{3,6}|(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}")
"""A short code, or an alphanumeric sender id (at most 11 characters): nobody reads a reply to it.
Addresses of other platforms have a colon, as in `whatsapp:+1...`."""

_OPT_OUT_TYPES: Final[Mapping[str, OptOut]] = {"STOP": "stop", "START": "start", "HELP": "help"}

log = logging.getLogger(__name__)
CHECK: Final = (
    "its signature does not match; if Twilio sent it, check TWILIO_AUTH_TOKEN, TWILIO_SIGNING_KEY "
    "and PUBLIC_BASE_URL"
)
_TEXT: Final = "a text that stands in no address"


def blueprint(config: Config, take: Take, report: Report) -> Blueprint:
    """Make the routes of this channel."""
    routes = Blueprint(NAME, __name__)
    account = RequestValidator(config.twilio_auth_token)
    shared = RequestValidator(config.twilio_signing_key or config.twilio_auth_token)
    token = config.twilio_auth_token.encode()
    told_at = f"{config.public_base_url}{STATUS_PATH}" if config.public_base_url else ""
    write = writer(told_at)

    @routes.post(PATH)
    def messages() -> Response:
        inbound = read(verified_form(), config.twilio_opt_out == "twilio")
        if inbound is None:
            abort(400, "MessageSid and From are needed.")
        if inbound.contact == current_request.form.get("To") or not is_person(inbound.contact):
            return write(Reply("out_of_scope"))  # answering would never end
        return write(take(inbound))

    @routes.post(STATUS_PATH)
    def status() -> Response:
        delivery = read_status(verified_form())
        if delivery is None:
            abort(400, "MessageSid and MessageStatus are needed.")
        report(delivery)
        return Response(status=204)

    def verified_form() -> MultiDict[str, str]:
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
        if not signature or not (
            (not settings and is_right(token, url, request.form, signature))
            or verified(validator, url, request.form, signature, settings)
        ):
            warn_of_stranger(NAME, log, CHECK)
            abort(403, "The signature does not match: check TWILIO_AUTH_TOKEN and PUBLIC_BASE_URL.")
        form: MultiDict[str, str] = request.form
        return form

    return routes


CHANNEL: Final = Channel(NAME, "Twilio", lambda _: True, blueprint)


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


def is_right(token: bytes, url: str, form: MultiDict[str, str], signature: str) -> bool:
    """Check a signature by the account's token, for just this address, as the SDK does.

    It takes a quarter of the SDK's time and finds nearly all that are right; whatever it does not,
    and other algorithms and other ways to write the address, the SDK decides (`verified`).
    """
    said = "".join(
        f"{name}{values[0]}" if len(values) == 1 else "".join(name + v for v in sorted({*values}))
        for name, values in sorted(form.lists())
    )
    mac = hmac.digest(token, f"{url}{said}".encode("utf-8", "surrogatepass"), "sha1")
    return hmac.compare_digest(b64encode(mac), signature.encode("utf-8", "replace"))


def verified(
    validator: RequestValidator,
    url: str,
    form: MultiDict[str, str],
    signature: str,
    settings: str,
) -> bool:
    """Check a signature as the SDK does: HMAC-SHA1, or what the settings header names.

    It tries the address with its port and without.
    """
    algorithm, values = get_signature_algorithm(settings), _Values(form.lists())
    try:
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
    # What a tapped button or list row is called by; an operator's template has our words there.
    text = form.get("ButtonPayload") or form.get("ListId") or form.get("Body", "")
    answered = _OPT_OUT_TYPES.get(form.get("OptOutType", "").strip().upper(), "")
    if not answered and twilio_answers:
        answered = ANSWERED_BY_TWILIO.get(text.strip().upper(), "")
    media = form.get("NumMedia", "").strip()
    return Inbound(
        channel=NAME,
        contact=contact,
        id=id,
        text=text,
        media=int(media[:LONGEST_CODE]) if media.isascii() and media.isdigit() else 0,
        carrier_answered=answered,
        medium="chat" if contact.startswith(CHATS) else "sms",
    )


def is_person(contact: str) -> bool:
    """Tell whether a sender may be a person: no short code, and no name of a company."""
    return not _MACHINE.fullmatch(contact)


def read_status(form: Mapping[str, str]) -> Delivery | None:
    """Read a verified status callback; None without an id or a status."""
    id, status = form.get("MessageSid", "").strip(), form.get("MessageStatus", "").strip()
    if not id or not status:
        return None
    code = form.get("ErrorCode", "").strip()
    number = int(code) if code.isascii() and code.isdigit() and len(code) <= LONGEST_CODE else 0
    return Delivery(NAME, form.get("To", "").strip(), id, status, number, number == OPTED_OUT)


def writer(told_at: str = "") -> Callable[[Reply], Response]:
    """Make what writes a reply as TwiML: one message, or none.

    `told_at` is where Twilio is to tell what became of it: `action`, as its tutorial on delivery
    has it; `statusCallback` does nothing for a reply. The SDK writes all of it but for the text,
    once; writing each reply took it longer than finding what to say.
    """
    nothing = str(MessagingResponse())
    twiml = MessagingResponse()
    twiml.message(_TEXT, action=told_at or None)
    head, _, foot = str(twiml).partition(_TEXT)

    def write(reply: Reply) -> Response:
        text = shortened(sms.clean(reply.text))
        body = f"{head}{escape(text)}{foot}" if text else nothing
        return Response(body, mimetype="text/xml")

    return write


def shortened(text: str) -> str:
    """Keep to what Twilio takes, at the end of a sentence: a guard, as pages are far shorter."""
    if len(text) * 2 <= LONGEST_REPLY:
        return text
    return sms.within(text, LONGEST_REPLY)[0]
