"""Vonage: `POST /vonage/messages` and `/vonage/status` (Messages API, v1), `/vonage/sms` (SMS API).

SMS, WhatsApp, Messenger, Viber and RCS come the same way; the contact's address begins with which
it is, as in `sms:15145550123`. Replies go by the Messages API, whichever way the message came.

What Vonage does: it sends a webhook again for a day after a 429 or 5xx, and after nothing else
(the SMS API after anything but 200 and 204); it has no groups and no batches. Long SMS come joined
through the Messages API, and part by part through the SMS API.

Read on 2026-11-29: Vonage's guides to signed webhooks, to signing messages (SMS API), to inbound
SMS and their parts, to status callbacks, to custom objects and WhatsApp's interactive messages, to
JWTs; its lists of the errors of the Messages API; its knowledge base on retries; the definitions
of both APIs (Nexmo/api-specification); what its SDKs for Java (9.13) and Python read and write.
"""

import logging
from typing import Final

from flask import Blueprint, Response, abort, request

from bot.channels.channel import Channel, raw_body, warn_of_stranger
from bot.channels.vonage import reading, signed
from bot.channels.vonage.naming import NAME
from bot.channels.vonage.sending import sender
from bot.config import Config
from bot.turn import Report, Take

MESSAGES_PATH: Final = "/vonage/messages"
STATUS_PATH: Final = "/vonage/status"
SMS_PATH: Final = "/vonage/sms"

CHECK: Final = "its signature does not match; check VONAGE_SIGNATURE_SECRET"

log = logging.getLogger(__name__)


def blueprint(config: Config, take: Take, report: Report) -> Blueprint:
    """Make the routes of this channel."""
    assert config.vonage is not None  # noqa: S101 - made only where it is there
    secret = config.vonage.signature_secret
    routes = Blueprint(NAME, __name__)

    @routes.post(MESSAGES_PATH)
    def messages() -> Response:
        try:
            inbound = reading.message(verified_body())
        except reading.UNREADABLE as error:
            abort(400, f"It is no inbound message of the Messages API, version 1: {error}")
        if inbound is not None:
            take(inbound)
        return Response()

    @routes.post(STATUS_PATH)
    def status() -> Response:
        try:
            delivery = reading.status(verified_body())
        except reading.UNREADABLE as error:
            abort(400, f"It is no status of the Messages API, version 1: {error}")
        if delivery is not None:
            report(delivery)
        return Response()

    @routes.post(SMS_PATH)
    def sms() -> Response:
        body = raw_body(request)
        try:
            values = reading.values(body, request.mimetype)
            if not signed.values_are(secret, values):
                warn_of_stranger(NAME, log, CHECK)
                abort(403, "The sig does not match: check VONAGE_SIGNATURE_SECRET (SHA-256 HMAC).")
            inbound = reading.sms(values)
        except reading.UNREADABLE as error:
            abort(400, f"It is no inbound message of the SMS API: {error}")
        if inbound is not None:
            take(inbound)
        return Response()

    def verified_body() -> bytes:
        body = raw_body(request)
        header = request.headers.get("Authorization", "")
        if not header:
            # Rarely Vonage fails to sign one; it signs it when it tries again, after a 5xx.
            warn_of_stranger(NAME, log, CHECK)
            abort(503, "It is not signed: send it again with a token.")
        if not signed.body_is(secret, header, body):
            warn_of_stranger(NAME, log, CHECK)
            abort(403, "The token does not match: check VONAGE_SIGNATURE_SECRET.")
        return body

    return routes


CHANNEL: Final = Channel(
    NAME, "Vonage", lambda config: config.vonage is not None, blueprint, sender
)
