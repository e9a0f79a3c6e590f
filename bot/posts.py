"""What is to be sent by a call of its own, and how it is sealed while it waits.

It names a person's address, which stands in no store: so all of it is kept as one sealed word, by
Fernet (AES and HMAC) under a key drawn from the one that contacts are hashed with.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from bot.model import Reply

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

PURPOSE: Final = b"answerline: the outbox"

Kind = Literal["reply", "handoff"]


class Outgoing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reply on its way, or word to people that they are wanted (`handoff`).

    `message` is the channel's id of what it replies to, `contact` whom it is for; `back` is what
    the channel noted besides when it read that message. `at` is Unix seconds.
    """

    channel: str
    message: str
    contact: str
    reply: Reply
    back: str = ""
    kind: Kind = "reply"
    at: int = 0


class UnreadableError(ValueError):
    """What is kept cannot be read: it was sealed under another key, or is damaged."""


class Seal:
    """Seals and opens what waits; `former` is the key before this one, which still opens."""

    def __init__(self, key: bytes, former: bytes = b"") -> None:
        self._keys = tuple(filter(None, (key, former)))

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - 6 MB, for some only

        drawn = (hmac.digest(key, PURPOSE, "sha256") for key in self._keys)
        return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in drawn])

    def closed(self, outgoing: Outgoing) -> str:
        """Seal what is to wait."""
        return self.wrapped(msgspec.json.encode(outgoing))

    def opened(self, sealed: str) -> Outgoing:
        """Read what waited; UnreadableError where that cannot be."""
        try:
            return _OUTGOING.decode(self.unwrapped(sealed))
        except msgspec.MsgspecError as error:
            raise UnreadableError("it was sealed under another key, or is damaged") from error

    def wrapped(self, body: bytes) -> str:
        """Seal anything."""
        return self._fernet.encrypt(body).decode()

    def unwrapped(self, sealed: str) -> bytes:
        """Give what was sealed; UnreadableError where that cannot be."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise UnreadableError("it was sealed under another key, or is damaged") from error


_OUTGOING: Final = msgspec.json.Decoder(Outgoing)
