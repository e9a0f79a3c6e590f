"""Who may use the API: keys by name, kept as a hash, each good for some things and so many calls.

A key is 256 bits of chance, so that a plain SHA-256 of it tells nothing, and finding it by its hash
takes no secret's time.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from bot.store import Store, StoreError

Scope = Literal["messages", "content"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""`messages` takes turns for contacts, `content` reads what the line can say."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
PREFIX: Final = "answerline_"
"""Begins a key, so that tools which look for lost secrets know one."""

ASKED_EVERY: Final = 1.0
"""Seconds between two looks whether there are keys."""
KNOWN_FOR: Final = 3600
"""Seconds for which a key that was used is known while the store is away."""

USUAL_RATE: Final = "600/minute"


@dataclass(frozen=True, slots=True)
class Key:
    """One of those who may: `rate` is how often, such as `600/minute`."""

    name: str
    scopes: tuple[str, ...]
    rate: str


class Keys:
    """The keys that a store keeps; those used lately are known while it is away."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock
        self._used: dict[str, tuple[Key, int]] = {}
        self._any, self._looked = False, -ASKED_EVERY

    def add(self, name: str, scopes: tuple[str, ...] = SCOPES, rate: str = USUAL_RATE) -> str:
        """Make a key and give it, once; ValueError says what is wrong."""
        if not NAME.fullmatch(name):
            raise ValueError("a name has 2 to 32 of: a-z 0-9 . _ -")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise ValueError(f"a scope is one of {', '.join(SCOPES)}")
        from limits import parse  # noqa: PLC0415 - only here, and workers do without

        try:
            often = parse(rate).amount
        except ValueError:
            often = 0
        if often < 1:
            raise ValueError("a rate is a number of calls, such as 600/minute")
        key = PREFIX + secrets.token_hex(32)
        made = self._store.change(
            "INSERT INTO keys(name, hash, scopes, rate, added) VALUES(?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            name, _hash(key), ",".join(scopes), rate, self._clock(),
        )  # fmt: skip
        if not made:
            raise ValueError(f"there is a key {name!r} already; revoke it first")
        return key

    def revoke(self, name: str) -> bool:
        """Delete a key; tell whether it was there."""
        return bool(self._store.change("DELETE FROM keys WHERE name = ?", name))

    def all(self) -> list[Key]:
        """Give what is known of every key, by name."""
        return [
            _key(row)
            for row in self._store.rows("SELECT name, scopes, rate FROM keys ORDER BY name")
        ]

    def any(self, *, ask: bool = True) -> bool:
        """Tell whether there is a key at all, as it was a moment ago, or before if not to `ask`.

        So strangers make no work for the store, nor wait for one that is away.
        """
        if ask and time.monotonic() - self._looked >= ASKED_EVERY:
            self._looked = time.monotonic()
            try:
                self._any = bool(self._store.rows("SELECT name FROM keys LIMIT 1"))
            except StoreError:
                return self._any
        return self._any

    def find(self, key: str) -> Key | None:
        """Give who a key is; None for one that is none. StoreError where that cannot be known."""
        hashed = _hash(key)
        try:
            rows = self._store.rows("SELECT name, scopes, rate FROM keys WHERE hash = ?", hashed)
        except StoreError:
            used, at = self._used.get(hashed, (None, 0))
            if used is None or self._clock() - at > KNOWN_FOR:
                raise
            return used
        if not rows:
            self._used.pop(hashed, None)
            return None
        self._used[hashed] = _key(rows[0]), self._clock()
        return self._used[hashed][0]


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _key(row: "tuple[str, str, str]") -> Key:
    return Key(row[0], tuple(row[1].split(",")), row[2])
