"""Twilio's samples: a form with a signature over the address and its fields, by Twilio's SDK."""

import re
import secrets
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from bot.channels.twilio import FORM, LONGEST_FORM, PATH, STATUS_PATH
from bot.config import Config
from bot.samples.sample import Case, Request, Sample, Texted, Try

LINE: Final = "+15145550100"
CONTACT: Final = "+15145550123"


def form(texted: Texted, **others: str) -> dict[str, str]:
    """Write a message's fields."""
    to = f"whatsapp:{LINE}" if texted.contact.startswith("whatsapp:") else LINE
    return {
        "MessageSid": texted.id, "From": texted.contact, "To": to, "Body": texted.text,
        "NumMedia": "0", **others,
    }  # fmt: skip


def signed(config: Config, base_url: str, fields: dict[str, str], path: str = PATH) -> Request:
    """Sign fields as Twilio does."""
    validator = RequestValidator(config.twilio_auth_token)
    signature = validator.compute_signature(f"{base_url}{path}", fields)
    headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
    return Request("POST", path, headers, urlencode(fields).encode())


def request(config: Config, base_url: str, texted: Texted) -> Request:
    """Write a signed message."""
    return signed(config, base_url, form(texted))


def replied(body: bytes) -> str:
    """Read the text of a reply; ValueError where it is no TwiML."""
    try:
        text = ET.fromstring(body).findtext("Message", "")  # noqa: S314 - our own server
    except ET.ParseError as error:
        raise ValueError(f"it is no TwiML ({error})") from error
    return re.sub(r"\r\n?", "\n", text)


def cases(config: Config, attempt: Try) -> Sequence[Case]:
    """Give the table of this channel."""
    base_url, contact, run = attempt
    good = request(config, base_url, Texted("MENU", contact, f"SM{run}"))
    status = {"MessageSid": f"SM{run}", "MessageStatus": "delivered", "To": contact}

    def one(name: str, *taken: str, status: int = 200, **fields: str) -> Case:
        texted = Texted("MENU", contact, f"SM{run}-{name.replace(' ', '-')}")
        return Case(name, signed(config, base_url, {**form(texted), **fields}), status, taken)

    unsigned = {"Content-Type": FORM}
    return (
        one("a message", "MENU"),
        Case("the same message again", good, 200, ("MENU",), twice=True),
        one("from WhatsApp", "MENU", From=f"whatsapp:{contact}", To=f"whatsapp:{LINE}"),
        one("a tapped button", "CHILD", From=f"whatsapp:{contact}", ButtonPayload="CHILD"),
        one("a row of a list", "3", From=f"whatsapp:{contact}", ListId="3", Body="CAR T cells"),
        one("from Messenger", "MENU", From="messenger:1234567890", To="messenger:99"),
        one("from RCS", "MENU", From=f"rcs:{contact}"),
        one("a picture without a word", "", Body="", NumMedia="1"),
        one("our own number", From=LINE),
        one("a short code", From="12345"),
        one("a company's name", From="BANK"),
        one("no sender", status=400, From=""),
        Case("no signature", good._replace(headers=unsigned), 403),
        Case(
            "a forged text",
            good._replace(body=good.body.replace(b"MENU", b"CART")), 403,
        ),
        Case("no form", good._replace(headers={**good.headers, "Content-Type": "text/plain"}), 415),
        Case("a form that is too long", good._replace(body=b"a=" + b"a" * LONGEST_FORM), 413),
        Case("word of a delivery", signed(config, base_url, status, STATUS_PATH), 204),
    )  # fmt: skip


def settings(_: str) -> dict[str, str]:
    """Make settings to try with."""
    return {"TWILIO_AUTH_TOKEN": secrets.token_hex(16)}


SAMPLE: Final = Sample(CONTACT, settings, request, cases, replied)
