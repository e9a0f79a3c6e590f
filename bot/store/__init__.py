"""Where conversations are kept. One turn is one transaction; a message is answered once.

A store knows contacts only by a keyed hash, and nothing of what a text means.
"""

from collections.abc import Callable
from typing import Protocol

from bot.model import Conversation, Reply

Step = Callable[[Conversation], tuple[Reply, Conversation]]
"""What a turn does with what was remembered: the reply, and what to remember now."""


class StoreError(Exception):
    """The store cannot do what was asked; the text says why in one line, for an operator."""


class Store(Protocol):
    """What every store does."""

    def turn(self, message: str, contact: bytes, now: int, step: Step) -> Reply:
        """Take one message of one contact through `step`, in one transaction.

        `message` is the channel's own id for it, unique over channels. If it was taken before, by
        this process or another, `step` is not called and the same reply comes back. `now` is Unix
        seconds. Raises StoreError where the transaction could not be done; nothing is kept then.
        """

    def opted_out(self, contact: bytes) -> bool:
        """Tell whether a contact has opted out; StoreError where that cannot be read."""

    def ping(self) -> None:
        """Raise StoreError unless the store can be read and its schema is this release's."""

    def close(self) -> None:
        """Let go of connections."""
