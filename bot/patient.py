"""How platforms are asked: by httpx, with an end to its patience.

httpx's limits hold for each step, so that whoever sends a byte now and then would be waited for for
ever. Here an answer has so many seconds, and so many bytes, in all.
"""

import time
from typing import Any, Final

import httpx

STEP: Final = 5.0
"""Seconds that a platform has for each step, and for an answer once it has begun."""
LARGEST: Final = 256 * 1024
"""Bytes of an answer that are read."""

WRITTEN_ANEW: Final = ("content-encoding", "content-length", "transfer-encoding")


class Patient(httpx.Client):
    """A client for calls whose answers are short."""

    def __init__(self, **others: Any) -> None:
        super().__init__(**{"timeout": STEP, "trust_env": False, **others})

    def send(self, request: httpx.Request, **others: Any) -> httpx.Response:
        """Send a request, and read the answer within the limits; ReadTimeout beyond them."""
        response = super().send(request, **{**others, "stream": True})
        until, body = time.monotonic() + STEP, b""
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST or time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer does not end", request=request)
        finally:
            response.close()
        headers = [
            one for one in response.headers.raw if one[0].decode().lower() not in WRITTEN_ANEW
        ]
        return httpx.Response(response.status_code, headers=headers, content=body, request=request)
