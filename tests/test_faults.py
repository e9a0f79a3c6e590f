"""A short run of `python -m tests.faults`, which breaks more, and longer: nothing may be lost."""

import pytest

from tests.faults.__main__ import FAULTS, is_clean, kill_all, restart, run
from tests.faults.people import Told


@pytest.mark.parametrize(
    ("store", "fault"), [("SQLite", kill_all), ("PostgreSQL, 2 servers", restart)]
)
def test_nothing_is_lost(store: str, fault: object) -> None:
    row = run(store, fault, 1200)  # type: ignore[arg-type]
    assert is_clean(row), row
    assert row[6] != "0 of 0"


def test_what_is_lost_is_counted() -> None:
    told = Told(sent={"a", "b", "c"})
    told.replies["a"] += ["one", "one"]
    told.replies["b"] += ["one", "another"]
    assert (told.answered, told.lost, told.twice) == (2, 1, 1)
    assert not is_clean(["", "", "3", "2", "1", "1", "0 of 5", "1.0"])
    assert not is_clean(["", "", "3", "3", "0", "0", "1 of 5", "1.0"])
    assert all(fault.__doc__ for faults in FAULTS.values() for fault in faults)
