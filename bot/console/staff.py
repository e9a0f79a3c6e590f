"""Who may use the console: accounts with hashed passwords, and a list of what each did.

A tester tries flows and remarks on replies; an editor also sees what people ask and what staff did.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.marking import to_translate
from bot.store import Store

Role = Literal["tester", "editor"]
ROLES: Final = get_args(Role)
SHOWN_ROLES: Final = (to_translate("tester"), to_translate("editor"))
"""The same, to be found for the catalogs."""

DEEDS: Final = (
    to_translate("signed in"),
    to_translate("remarked on a reply"),
    to_translate("removed a remark"),
    to_translate("kept the transcript %(what)s"),
    to_translate("removed the transcript %(what)s"),
    to_translate("compared the files with what is live"),
    to_translate("was given the role %(what)s"),
    to_translate("was removed"),
)
"""What staff do, as it is noted; pages say it in their reader's language."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 200
"""Characters; hashing more would let a stranger keep the processor busy."""

MOST_FAILURES: Final = 5
LOCKED_SECONDS: Final = 15 * 60
"""Wrong passwords in a row, after which an account is locked, and for how long."""


@dataclass(frozen=True, slots=True)
class Account:
    """One of the staff. `mark` changes with the password, which ends every session."""

    name: str
    role: Role
    mark: str = ""


class Staff:
    """The accounts that a store keeps."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock
        self._hasher = PasswordHasher()
        # What an unknown name is checked against, so that it takes as long as a known one.
        self._nobody = self._hasher.hash("nobody has this password")

    def add(self, name: str, password: str, role: str) -> None:
        """Make an account, or give it another password or role; ValueError says what is wrong."""
        if not NAME.fullmatch(name):
            raise ValueError("a name has 2 to 32 of: a-z 0-9 . _ -")
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise ValueError(f"a password has at least {SHORTEST_PASSWORD} characters")
        if role not in ROLES:
            raise ValueError(f"a role is one of {', '.join(ROLES)}")
        self._store.change(
            "INSERT INTO staff(name, password, role, added, failures, locked_until) "
            "VALUES(?, ?, ?, ?, 0, 0) ON CONFLICT(name) DO UPDATE SET "
            "password = excluded.password, role = excluded.role, failures = 0, locked_until = 0",
            name, self._hasher.hash(password), role, self._clock(),
        )  # fmt: skip

    def remove(self, name: str) -> bool:
        """Delete an account; tell whether it was there."""
        return bool(self._store.change("DELETE FROM staff WHERE name = ?", name))

    def all(self) -> list[Account]:
        """Give every account, by name."""
        rows = self._store.rows("SELECT name, role, password FROM staff ORDER BY name")
        return [_account(row) for row in rows]

    def find(self, name: str) -> Account | None:
        """Give an account by its name."""
        rows = self._store.rows("SELECT name, role, password FROM staff WHERE name = ?", name)
        return _account(rows[0]) if rows else None

    def sign_in(self, name: str, password: str) -> Account | None:
        """Give the account if the password is right and it is not locked; count what is wrong."""
        found = NAME.fullmatch(name) and self._store.rows(
            "SELECT name, role, password, failures, locked_until FROM staff WHERE name = ?", name
        )
        hashed, now = (found[0][2] if found else self._nobody), self._clock()
        right = self._is_right(hashed, password[:LONGEST_PASSWORD])
        if not found or found[0][4] > now:
            return None
        if not right:
            self._store.change(
                "UPDATE staff SET "
                "failures = CASE WHEN locked_until > 0 THEN 1 ELSE failures + 1 END, "
                "locked_until = CASE WHEN locked_until = 0 AND failures + 1 >= ? THEN ? ELSE 0 END "
                "WHERE name = ?",
                MOST_FAILURES, now + LOCKED_SECONDS, name,
            )  # fmt: skip
            return None
        self._store.change("UPDATE staff SET failures = 0, locked_until = 0 WHERE name = ?", name)
        return _account(found[0])

    def note(self, name: str, what: str) -> None:
        """Write down what somebody did."""
        self._store.change(
            "INSERT INTO audit(at, staff, what) VALUES(?, ?, ?)", self._clock(), name, what[:300]
        )

    def noted(self, count: int) -> list[tuple[int, str, str]]:
        """Give the last things that were done: Unix seconds, who, what."""
        query = "SELECT at, staff, what FROM audit ORDER BY number DESC LIMIT ?"
        return [(row[0], row[1], row[2]) for row in self._store.rows(query, count)]

    def _is_right(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def _account(row: "tuple[str, Role, str]") -> Account:
    return Account(row[0], row[1], row[2][-12:])


def deed(noted: str) -> tuple[str, str]:
    """Find which of DEEDS was noted, and of what; what is none of them is given as it is."""
    for known in DEEDS:
        before, slot, _ = known.partition("%(what)s")
        if noted == known or (slot and noted.startswith(before)):
            return known, noted.removeprefix(before) if slot else ""
    return noted, ""
