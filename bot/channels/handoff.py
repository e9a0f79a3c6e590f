"""Handoff: tell an operator's own webhook that a person asked for people, or is in danger.

What is sent: the message's id, its channel, the contact's address there (or people could not answer
it), the label, the language and the time; never a text. It is signed as the Standard Webhooks
specification 1.0 has it (standardwebhooks.com, read on 2026-11-29): `webhook-id`,
`webhook-timestamp` and `webhook-signature` over `id.timestamp.body`. By hand, as the library for it
brings six others; it is the oracle of the tests.
"""

import hmac
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final

import msgspec

from bot.channels.channel import Channel
from bot.config import Config
from bot.outbox import Outcome, Send, outcome_of
from bot.posts import Outgoing
from bot.turn import HANDOFF
from bot.turn import now as clock

if TYPE_CHECKING:
    import httpx

PREFIX: Final = "whsec_"


def sender(config: Config) -> Send:
    """Make what tells the operator's webhook."""
    wanted = config.wanted
    assert wanted is not None  # noqa: S101 - made only where it is there
    url, key = wanted.url, b64decode(wanted.secret.removeprefix(PREFIX))

    def send(client: "httpx.Client", outgoing: Outgoing) -> Outcome:
        body = msgspec.json.encode(
            {
                "type": "handoff",
                "id": outgoing.message,
                "channel": outgoing.channel,
                "contact": outgoing.contact,
                "label": outgoing.reply.label,
                "language": outgoing.reply.language,
                "at": outgoing.at,
            }
        )
        # A platform's id may have letters that no header can have.
        named = f"{outgoing.channel}:{outgoing.message}".encode("utf-8", "replace")
        id, timestamp = f"msg_{hmac.digest(key, named, 'sha256').hex()}", str(clock())
        signature = sign(key, id, timestamp, body)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature,
        }
        return outcome_of(client.post(url, content=body, headers=headers))

    return send


def sign(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    """Sign a body; `key` is the secret without its prefix, decoded."""
    mac = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{b64encode(mac).decode()}"


CHANNEL: Final = Channel(HANDOFF, "Handoff", lambda config: config.wanted is not None, None, sender)
