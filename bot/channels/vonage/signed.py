"""Whether Vonage signed a webhook: the Messages API by a token, the SMS API by a value, `sig`.

The token is a JWT (HS256, the account's signature secret) with `iat`, `jti`, `iss`, `api_key` and
`payload_hash`, the SHA-256 of the body; `application_id` may be there, and there is no `exp`. It is
made at each try. The SMS API knows no token: `sig` covers all other values, and `timestamp` is when
Vonage began to try. Of the methods that the dashboard offers for it, only SHA-256 HMAC is taken.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from bot.turn import now as clock

LEEWAY: Final = 30
"""Seconds by which Vonage's clock may be ahead of ours."""

OLDEST: Final = 300
"""Seconds since a token was made."""

OLDEST_SMS: Final = 24 * 3600 + OLDEST
"""Seconds since the SMS API began to try, which it does for a day; ids are known for two."""

_APART: Final = str.maketrans("&=", "__")


def body_is(secret: str, header: str, body: bytes) -> bool:
    """Tell whether an Authorization header has a token, made just now, for this body."""
    import jwt  # noqa: PLC0415 - it brings cryptography, for some only

    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return False
    try:
        claims = jwt.decode(
            token.strip(), secret, algorithms=["HS256"], leeway=LEEWAY,
            options={"require": ["iat", "payload_hash"], "verify_aud": False},
        )  # fmt: skip
        made = int(claims["iat"])
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        return False
    told = str(claims["payload_hash"]).lower().encode(errors="replace")
    return clock() - made <= OLDEST and hmac.compare_digest(
        hashlib.sha256(body).hexdigest().encode(), told
    )


def values_are(secret: str, values: Mapping[str, str]) -> bool:
    """Tell whether the `sig` among values is that of the others, within the day."""
    mac = sign(secret, values).encode()
    if not hmac.compare_digest(mac, values.get("sig", "").lower().encode(errors="replace")):
        return False
    began = values.get("timestamp", "")
    return (
        began.isascii()
        and began.isdigit()
        and len(began) < 12
        and -LEEWAY <= clock() - int(began) <= OLDEST_SMS
    )


def sign(secret: str, values: Mapping[str, str]) -> str:
    """Give the `sig` of values, in the order of their names, by SHA-256 HMAC."""
    said = "".join(
        f"&{name}={value.translate(_APART)}"
        for name, value in sorted(values.items())
        if name != "sig"
    )
    return hmac.digest(secret.encode(), said.encode(), "sha256").hex()
