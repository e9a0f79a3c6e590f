"""Parts of a text that a carrier brings one by one, in any order, to any process.

They wait in the store, sealed as the outbox is, and known by a keyed hash. Those whose others never
come go with whatever else is past its time (`tidy`). The whole has the id of its first part, so it
is one message, whoever brings its last part, and however often.
"""

import hmac

import msgspec
from msgspec.structs import replace

from bot.model import Inbound, Part
from bot.posts import Seal, UnreadableError
from bot.store import Store
from bot.store.rows import KEEP_PARTS


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a part."""

    id: str
    text: str
    media: int


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
        kept = Kept(inbound.id, inbound.text, inbound.media)
        self.store.change(
            "INSERT INTO concatenated(whole, part, at, sealed) VALUES(?, ?, ?, ?) "
            "ON CONFLICT(whole, part) DO UPDATE SET at = excluded.at, sealed = excluded.sealed",
            whole, part.number, now, self.seal.wrapped(msgspec.json.encode(kept)),
        )  # fmt: skip
        rows = self.store.rows(
            "SELECT sealed FROM concatenated WHERE whole = ? AND at >= ? ORDER BY part",
            whole, now - KEEP_PARTS,
        )  # fmt: skip
        if len(rows) < part.total:
            return None
        try:
            parts = [_KEPT.decode(self.seal.unwrapped(sealed)) for (sealed,) in rows]
        except UnreadableError:
            return None
        text, media = "".join(one.text for one in parts), max(one.media for one in parts)
        return replace(inbound, id=parts[0].id, text=text, media=media, part=None)

    def forget(self, part: Part, contact: bytes) -> None:
        """Delete the parts of a text that was taken. Raises StoreError."""
        self.store.change("DELETE FROM concatenated WHERE whole = ?", whole_key(part, contact))


def whole_key(part: Part, contact: bytes) -> bytes:
    """Hash what all parts of one text of a contact share, as contacts are hashed."""
    return hmac.digest(contact, part.whole.encode(errors="surrogatepass"), "sha256")


_KEPT = msgspec.json.Decoder(Kept)
