"""What the samples of WhatsApp and Messenger share: Meta's signature, and its handshake."""

import json
from typing import Any
from urllib.parse import urlencode

from bot.channels.meta import SIGNATURE, sign
from bot.samples.sample import Request


def signed(path: str, secret: str, body: Any) -> Request:
    """Sign a body, or what is to be written as JSON, as Meta does."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", SIGNATURE: sign(secret.encode(), raw)}
    return Request("POST", path, headers, raw)


def handshake(path: str, word: str, mode: str = "subscribe") -> Request:
    """Write the request that confirms the address."""
    query = {"hub.mode": mode, "hub.verify_token": word, "hub.challenge": "1158201444"}
    return Request("GET", f"{path}?{urlencode(query)}", {}, b"")
