"""RapidPro (or TextIt): an External API channel that sends to `POST /rapidpro/messages`.

What RapidPro sends to the channel is what a contact says to the line; the reply is a message that
RapidPro receives from that same contact. Read on 2026-11-29: RapidPro's pages for connecting and
configuring an External API channel, and its courier's handler for it with that handler's tests.

- RapidPro calls with a body of the operator's template, as a form or JSON, with the Authorization
  header of the channel's settings; it signs nothing. `uuid` is the message's id (`id` in older
  releases), `to` the contact's address, `from` the channel's own. Attachments are addresses on
  lines below the text.
- It takes any 2xx for sent. After 429, 5xx or 30 seconds it calls again, from the first part on,
  5 and then 10 minutes later; after another 4xx never.
- It receives a form with `from` and `text` at the channel's receive URL, and drops the same text
  from the same contact within 2 to 4 seconds if it has sent nothing in between: a reply that is
  sent twice at once arrives once.
- It answers 400 to everything that goes wrong, also where its own database is away.

A message longer than the channel's "max length" (bytes; 160 unless set) comes as several calls with
one id, each after the one before was taken, and nothing tells which is which or how many there are.
Each call is a message of its own here: nothing waits for a part that may never come, a crisis in
any part is answered at once, and what is read does not depend on the order. The id is that of the
message with a keyed hash of the part's text, so a call that comes again is known, whichever part it
is. With a max length of 1600, more than which the line does not read of one text, there are no
parts but of very long texts in scripts of three bytes a letter.

There are no groups, edits, statuses or batches in this contract. People are reached by a ticket
that a flow opens, and nothing in a received message can ask for one: so no handoff here. A reply
may be any length; RapidPro cuts it for the carrier. Segments are paid for where RapidPro has texts
behind it, so replies are cut as those are, without buttons.
"""

import hmac
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import msgspec
from flask import Blueprint, Response, abort
from flask import request as current_request

from bot import sms
from bot.channels.channel import Channel, raw_body
from bot.config import Config
from bot.model import Inbound
from bot.outbox import Later, Never, Outcome, Send, outcome_of
from bot.posts import Outgoing
from bot.turn import Report, Take
from bot.turn import now as clock

if TYPE_CHECKING:
    import httpx

NAME: Final = "rapidpro"
PATH: Final = "/rapidpro/messages"
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"

MOST_FIELDS: Final = 100
"""Fields of a form: the template has eight, and RapidPro adds one for each quick reply."""

SCHEMES: Final = ("token", "bearer")
"""Words that may stand before the secret in the Authorization header."""

REFUSALS: Final[Mapping[bytes, str]] = {
    b"channel not found": "RapidPro has no such channel: check RAPIDPRO_RECEIVE_URL",
    b"channel type wrong": "the channel is no External API channel: check RAPIDPRO_RECEIVE_URL",
    b"not a possible number": "to RapidPro the contact's address is no number: check the country "
    "and the URN type of its channel",
    b"one of 'sender' or 'from'": "RapidPro's channel reads the contact from another field",
}
"""What RapidPro says in a 400 that stays so, and what it means."""

PATIENCE: Final = 900
"""Seconds for which a reply that is refused for another reason is tried again: a passing fault is
over by then, and what follows for the same contact need not wait any longer."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""An id; `{{uuid}}`, which releases that do not know it leave in the body, is none."""

_ATTACHMENT: Final = re.compile(r"https?://\S+|-?\d{1,3}\.\d+,-?\d{1,3}\.\d+")
"""A line that stands for a picture, a voice message, a file or a place."""


class Call(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """What is read of a call; the rest (quick replies, the session's state) is dropped."""

    uuid: str | int = ""
    id: str | int = ""
    to: str | int = ""
    to_no_plus: str | int = ""
    sender: str | int = ""
    text: str | None = None


_CALL: Final = msgspec.json.Decoder(Call)


def blueprint(config: Config, take: Take, _: Report) -> Blueprint:
    """Make the route of this channel."""
    assert config.rapidpro is not None  # noqa: S101 - made only where it is there
    secret = config.rapidpro.secret.encode()
    routes = Blueprint(NAME, __name__)

    @routes.post(PATH)
    def messages() -> Response:
        if not is_right(secret, current_request.headers.get("Authorization", "")):
            abort(403, "The Authorization header does not bring RAPIDPRO_SECRET.")
        if current_request.mimetype not in (FORM, JSON):
            abort(415, f"Send the message as {FORM} or {JSON}.")
        try:
            call = called(current_request.mimetype, raw_body(current_request))
            inbound = read(call, secret)
        except (ValueError, msgspec.MsgspecError, RecursionError):
            abort(400, "uuid, to and text are needed: check the request body of the channel.")
        if inbound is None:
            return _plain("left alone")
        take(inbound)
        return _plain("taken")

    return routes


def _plain(text: str) -> Response:
    """Say what became of a message, in a word that RapidPro can check a response for."""
    return Response(f"{text}\n", mimetype="text/plain")


def is_right(secret: bytes, header: str) -> bool:
    """Compare an Authorization header with the secret: `Token <it>`, `Bearer <it>`, or it alone."""
    scheme, _, rest = header.strip().partition(" ")
    word = rest.strip() if scheme.lower() in SCHEMES else header.strip()
    return hmac.compare_digest(word.encode("latin-1", "replace"), secret)  # as WSGI decoded it


def called(mimetype: str, body: bytes) -> Call:
    """Read a body; ValueError, MsgspecError or RecursionError where it is no such call."""
    if mimetype == JSON:
        return _CALL.decode(body)
    fields = parse_qsl(
        body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
    )
    return msgspec.convert(dict(fields), Call)


def read(call: Call, secret: bytes) -> Inbound | None:
    """Read a call; None for one to the channel's own address, ValueError where a field is missing.

    `secret` is the key of the hash that tells the parts of one message apart.
    """
    id = next(filter(_ID.fullmatch, (str(call.uuid), str(call.id))), "")
    contact = str(call.to).strip() or str(call.to_no_plus).strip()
    if not id or not contact or "{{" in contact or call.text is None:
        raise ValueError
    if contact.lstrip("+") == str(call.sender).strip().lstrip("+"):
        return None
    part = hmac.digest(secret, f"{id}\n{call.text}".encode("utf-8", "replace"), "sha256")
    words, media = told(call.text)
    return Inbound(
        channel=NAME,
        contact=contact,
        id=f"{id}:{part.hex()[:16]}",
        text=words,
        media=media,
        back="receive",  # the contact and the settings are enough, but the reply goes by a call
    )


def told(text: str) -> tuple[str, int]:
    """Give what a text says, and how many attachments stand in lines below it."""
    lines = text.split("\n")
    count = len(lines)
    while lines and _ATTACHMENT.fullmatch(lines[-1].strip()):
        lines.pop()
    return "\n".join(lines), count - len(lines)


def sender(config: Config) -> Send:
    """Make what has RapidPro receive a reply."""
    assert config.rapidpro is not None  # noqa: S101 - made only where it is there
    url = config.rapidpro.receive_url

    def send(client: "httpx.Client", outgoing: Outgoing) -> Outcome:
        said = {"from": outgoing.contact, "text": sms.clean(outgoing.reply.text)}
        response = client.post(url, data=said)
        if response.status_code != 400:
            return outcome_of(response)
        for words, why in REFUSALS.items():
            if words in response.content:
                return Never(why)
        if clock() - outgoing.at < PATIENCE:
            return Later("status 400")
        return Never("status 400: RapidPro refused it; the channel's log there tells why")

    return send


CHANNEL: Final = Channel(
    NAME, "RapidPro", lambda config: config.rapidpro is not None, blueprint, sender
)
