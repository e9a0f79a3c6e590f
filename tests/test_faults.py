"""A short run of `python -m tests.faults`, which breaks more, and longer: nothing may be lost."""

import re

import pytest

from tests.faults import __main__ as faults
from tests.faults.__main__ import is_clean, run
from tests.faults.breaking import ALONE, FAULTS, LOGGED, SET_CLOCK, Fault, clock, cut, kill_all
from tests.faults.people import Told
from tests.faults.servers import ROOT, Scene, SkippedError


@pytest.mark.parametrize(
    ("store", "fault"), [("SQLite", kill_all), ("SQLite", clock), ("PostgreSQL, 2 servers", cut)]
)
def test_nothing_is_lost(store: str, fault: Fault) -> None:
    row = run(store, fault, 1200)
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


def breaks_nothing(_: Scene) -> None:
    """nothing at all"""


def test_a_fault_that_breaks_nothing_is_not_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOGGED, breaks_nothing, ALONE)
    row = run("SQLite", breaks_nothing, 100)
    assert row[2].startswith("nothing was broken: ")
    assert not is_clean(row)


@pytest.mark.parametrize("what", ["small_disk", "older_release"])
def test_what_cannot_be_done_here_is_skipped_and_not_clean(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise SkippedError("this needs root")

    monkeypatch.setattr(faults, what, refuse)
    store = "SQLite, small disk" if what == "small_disk" else "SQLite, 2 releases"
    row = run(store, breaks_nothing, 100)
    assert row[2] == "skipped: this needs root"
    assert not is_clean(row)


def test_the_clock_that_is_set_is_the_only_one() -> None:
    """What serves reads the wall clock in one place; so the rows with another time are honest."""
    read = re.compile(r"\btime\.time|\btime_ns|\b(?:now|utcnow|today)\(\)|datetime\.now")
    places = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "bot").rglob("*.py")
        if not {"cli", "samples"} & {*file.parts} and read.search(file.read_text(encoding="utf-8"))
    }
    assert places == {"bot/turn.py"}
    assert {clock} < SET_CLOCK
