"""One turn: an inbound message through one transaction of the store. Every channel enters here."""

import hmac
import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from bot.conversation import apologise, respond
from bot.model import Inbound, Reply
from bot.speaker import Line
from bot.store import Store, StoreError
from bot.understanding import Note

log = logging.getLogger(__name__)

Take = Callable[[Inbound], Reply]
"""What a channel does with a message that it has read."""


def now() -> int:
    """Unix seconds."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Turns:
    """Takes turns with one line, one store, one key for hashing contacts, and one clock."""

    line: Line
    store: Store
    key: bytes
    clock: Callable[[], int] = now

    def take(self, inbound: Inbound, note: Note = None) -> Reply:
        """Answer a message once; the same message again gets the same reply.

        `note` takes down why, rule by rule; nothing keeps it.

        If the turn fails, the person gets an apology with the support line (or the crisis reply)
        and the operator a log line with the message's id: never an address, never a text.
        """
        at = self.clock()
        try:
            return self.store.turn(
                f"{inbound.channel}:{inbound.id}",
                contact_key(self.key, inbound),
                at,
                lambda conversation: respond(inbound, conversation, self.line, at, note),
            )
        except StoreError as error:
            log.error("message %s was not taken: %s", inbound.id, error)
        except Exception as error:  # noqa: BLE001 - silence is worst: whatever broke, apologise
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("message %s failed with %s\n%s", inbound.id, type(error).__name__, where)
        return apologise(inbound, self.line, self._opted_out(inbound))

    def _opted_out(self, inbound: Inbound) -> bool:
        try:
            return self.store.opted_out(contact_key(self.key, inbound))
        except StoreError:
            return False  # not known: an apology too many is better than silence


def contact_key(key: bytes, inbound: Inbound) -> bytes:
    """Hash a contact's address on its channel with HMAC-SHA256, so that no address is stored."""
    return hmac.digest(
        key, f"{inbound.channel}:{inbound.contact}".encode(errors="surrogatepass"), "sha256"
    )
