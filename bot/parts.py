"""Parts of a text that a carrier brings one by one, in any order, to any process.

They wait in the store, sealed as the outbox is, and known by a keyed hash. Those whose others do
not come are answered as they are after a while. The whole has the id of its first part, so it
is one message, whoever brings its last part, and however often.
"""

import hmac
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from bot.model import Inbound, Part
from bot.posts import Seal, UnreadableError
from bot.store import Store
from bot.store.rows import KEEP_PARTS

OVERDUE: Final = 120
"""Seconds after which no further part is waited for: carriers bring them one behind the other."""


class Parts:
    """The parts that wait in one store."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self.store, self.seal = store, seal

    def joined(self, inbound: Inbound, part: Part, contact: bytes, now: int) -> Inbound | None:
        """Keep a part; give the whole if all are there, else None.

        `contact` is the contact's hash, `now` Unix seconds. A part that comes again takes the place
        of the one before. Raises StoreError.
        """
        whole = whole_key(part, contact)
        self.store.change(
            "INSERT INTO concatenated(whole, part, contact, at, sealed) VALUES(?, ?, ?, ?, ?) "
            "ON CONFLICT(whole, part) DO UPDATE SET at = excluded.at, sealed = excluded.sealed",
            whole, part.number, contact, now, self.seal.wrapped(msgspec.json.encode(inbound)),
        )  # fmt: skip
        rows = self.store.rows(
            "SELECT sealed FROM concatenated WHERE whole = ? AND at >= ? ORDER BY part",
            whole, now - KEEP_PARTS,
        )  # fmt: skip
        if len(rows) < part.total:
            return None
        return self._put_together(rows)

    def overdue(self, now: int) -> Iterator[tuple[bytes, Inbound | None]]:
        """Yield what came of texts whose other parts have not come.

        The text's key, and its parts as one message; nothing where they cannot be read. Raises
        StoreError.
        """
        late = self.store.rows(
            "SELECT whole FROM concatenated GROUP BY whole HAVING MAX(at) <= ?", now - OVERDUE
        )
        for (whole,) in late:
            query = "SELECT sealed FROM concatenated WHERE whole = ? ORDER BY part"
            yield bytes(whole), self._put_together(self.store.rows(query, bytes(whole)))

    def _put_together(self, rows: Sequence[tuple[str]]) -> Inbound | None:
        try:
            parts = [_KEPT.decode(self.seal.unwrapped(sealed)) for (sealed,) in rows]
        except (UnreadableError, msgspec.MsgspecError):
            return None
        if not parts:
            return None
        text, media = "".join(one.text for one in parts), max(one.media for one in parts)
        return replace(parts[0], text=text, media=media, part=None)

    def forget(self, whole: bytes) -> None:
        """Delete the parts of a text that was taken, by its key. Raises StoreError."""
        self.store.change("DELETE FROM concatenated WHERE whole = ?", whole)


def whole_key(part: Part, contact: bytes) -> bytes:
    """Hash what all parts of one text of a contact share, as contacts are hashed."""
    return hmac.digest(contact, part.whole.encode(errors="surrogatepass"), "sha256")


_KEPT: Final = msgspec.json.Decoder(Inbound)
