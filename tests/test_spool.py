"""A store that is away: what people get meanwhile, and what becomes of it when it is back."""

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.line import Line
from bot.model import Delivery, Inbound, Reply
from bot.spool import Entry, Spool
from bot.store import Posting, Step, StoreError
from bot.store.sqlite import SqliteStore
from bot.turn import Turns, contact_key

NOW = 1_800_000_000
NUMBERS = itertools.count()


class Away(SqliteStore):
    """A store that can be taken away: for all, or for writing only."""

    away = readable = False

    def turn(
        self,
        message: str,
        contact: bytes,
        now: int,
        step: Step,
        former: bytes = b"",
        posting: Posting | None = None,
    ) -> Reply:
        """Fail while it is away."""
        if self.away:
            raise StoreError("away")
        return super().turn(message, contact, now, step, former, posting)

    def opted_out(self, contact: bytes) -> bool:
        """Fail while it cannot be read."""
        if self.away and not self.readable:
            raise StoreError("away")
        return super().opted_out(contact)

    def reply_to(self, message: str) -> Reply | None:
        """Fail while it cannot be read."""
        if self.away and not self.readable:
            raise StoreError("away")
        return super().reply_to(message)

    def ping(self) -> None:
        """Fail while it is away."""
        if self.away:
            raise StoreError("away")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Away]:
    store = Away(str(tmp_path / "line.db"))
    store.migrate()
    yield store
    store.away = False
    time.sleep(0.05)
    store.close()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.outage.LOOK_EVERY", 0.01)


class Person:
    """One contact, whose messages have ids of their own."""

    def __init__(self, turns: Turns, number: str = "+15145550123") -> None:
        self.turns, self.number = turns, number

    def texts(self, text: str, id: str = "") -> str:
        return self.turns.take(Inbound("test", self.number, id or f"SM{next(NUMBERS)}", text)).text

    @property
    def opted_out(self) -> bool:
        key = contact_key(self.turns.key, Inbound("test", self.number, "", ""))
        return self.turns.store.opted_out(key)


def turns_of(line: Line, store: SqliteStore, spool: Spool | None) -> Turns:
    return Turns(line, store, b"key", lambda: NOW, spool)


def wait_until_back(turns: Turns) -> None:
    deadline = time.monotonic() + 10
    while turns.outage.lasts:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_line_goes_on_without_its_store(line: Line, store: Away, tmp_path: Path) -> None:
    turns = turns_of(line, store, Spool(tmp_path / "spool"))
    ann, bob, cem = (Person(turns, f"+1514555{n}") for n in ("0001", "0002", "0003"))
    ann.texts("CART CHILD")
    store.away = True
    assert "CAR T-cell therapy changes" in bob.texts("CART")
    assert "greffe" in bob.texts("GREFFE").casefold()
    assert "9-1-1" in bob.texts("i want to die")
    assert "Sorry, something went wrong" in ann.texts("MORE")  # what she was reading is not known
    assert "Sorry, something went wrong" in ann.texts("4")
    # An opt-out is confirmed, obeyed at once, and again by another process of the machine.
    assert "you are opted out" in cem.texts("STOP")
    assert cem.texts("CART") == ""
    assert Person(turns_of(line, store, Spool(tmp_path / "spool")), cem.number).texts("HELP") == ""
    assert "9-1-1" in cem.texts("i want to die")
    # The same message again gets the same reply.
    assert ann.texts("CNS", id="x") == ann.texts("something else", id="x")
    store.away = False
    wait_until_back(turns)
    assert "Children 2/" in ann.texts("MORE")  # she goes on where she was
    assert cem.opted_out
    assert not bob.opted_out
    assert not turns.spool.pending()  # type: ignore[union-attr]
    # Also when it is back, and for each of them once.
    assert ann.texts("something else", id="x").startswith("For adults: ALL can spread")
    assert "opted in" in cem.texts("START")


def test_an_opt_in_while_it_is_away(line: Line, store: Away, tmp_path: Path) -> None:
    turns = turns_of(line, store, Spool(tmp_path / "spool"))
    ann = Person(turns)
    ann.texts("STOP")
    store.away = store.readable = True
    assert ann.texts("CART") == ""  # the store can be read: she is known to have opted out
    assert "you are opted in" in ann.texts("START")
    assert "CAR T" in ann.texts("CART")
    store.away = False
    wait_until_back(turns)
    ann.texts("MENU")
    assert not ann.opted_out


def test_a_turn_that_was_done_though_nobody_was_told(
    line: Line, store: Away, tmp_path: Path
) -> None:
    """The connection broke after the commit: what was sent instead is what a repeat gets."""
    turns = turns_of(line, store, Spool(tmp_path / "spool"))
    ann = Person(turns)
    ann.texts("CART")
    store.turn("test:x", contact_key(b"key", Inbound("test", ann.number, "", "")), NOW,
               lambda before: (Reply("more", "page 2"), before))  # fmt: skip
    store.away = True
    sent = ann.texts("MORE", id="x")
    assert "Sorry" in sent
    store.away = False
    wait_until_back(turns)
    ann.texts("MENU")
    assert ann.texts("MORE", id="x") == sent


def test_what_came_later_elsewhere_is_not_undone(line: Line, store: Away, tmp_path: Path) -> None:
    """STOP here while the store is away; START on another machine, which still reaches it."""
    spool = Spool(tmp_path / "spool")
    here = turns_of(line, store, spool)
    ann = Person(here)
    store.away = True
    ann.texts("STOP")
    store.away = False
    elsewhere = Turns(line, store, b"key", lambda: NOW + 60, None)
    elsewhere.take(Inbound("test", ann.number, "later", "START"))
    wait_until_back(here)
    Person(here, "+15145550999").texts("MENU")
    assert not spool.pending()
    assert not ann.opted_out


def test_an_opt_out_outlasts_a_clock_set_back(line: Line, store: Away, tmp_path: Path) -> None:
    turns = turns_of(line, store, Spool(tmp_path / "spool"))
    ann = Person(turns)
    ann.texts("CART")
    store.away = True
    turns.clock = lambda: NOW - 3 * 3600
    assert "you are opted out" in ann.texts("STOP")
    store.away = False
    wait_until_back(turns)
    assert ann.texts("CART") == ""
    assert ann.opted_out


def test_what_is_only_asked_elsewhere_since_undoes_no_opt_out(
    line: Line, store: Away, tmp_path: Path
) -> None:
    """STOP on one machine while the store is away; a question, no START, on another one after."""
    here = turns_of(line, store, Spool(tmp_path / "here"))
    elsewhere = Turns(line, store, b"key", lambda: NOW + 60, Spool(tmp_path / "elsewhere"))
    ann = Person(here)
    ann.texts("CART")
    store.away = True
    assert "you are opted out" in ann.texts("STOP")
    store.away = False
    Person(elsewhere, ann.number).texts("CNS")
    wait_until_back(here)
    Person(here, "+15145550999").texts("MENU")
    assert ann.opted_out


@pytest.mark.parametrize("texts", [["STOP", "STOP"], ["CART", "STOP", "FORGET ME"]])
def test_an_older_start_elsewhere_undoes_no_opt_out(
    line: Line, store: Away, tmp_path: Path, texts: list[str]
) -> None:
    """START on a machine that has lost the store; STOP, once more, on one that has not."""
    lost = turns_of(line, store, Spool(tmp_path / "lost"))
    other = Turns(line, store, b"key", lambda: NOW - 60)
    ann = Person(lost)
    Person(other, ann.number).texts(texts[0])
    store.away = True
    ann.texts("START")
    store.away = False
    other.clock = lambda: NOW + 60
    for text in texts[1:]:
        Person(other, ann.number).texts(text)
    wait_until_back(lost)
    Person(lost, "+15145550999").texts("MENU")
    assert ann.opted_out


def test_what_is_much_is_taken_up_beside_the_turns(line: Line, store: Away, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number in range(400):
        spool.keep(entry(number, opted_out=number % 2 == 0))
    turns = turns_of(line, store, spool)
    began = time.monotonic()
    assert "CAR T" in Person(turns).texts("CART")
    waited = time.monotonic() - began
    deadline = time.monotonic() + 20
    while spool.pending():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert waited < (time.monotonic() - began) / 2
    for number in range(400):
        assert store.opted_out(b"c%d" % number) == (number % 2 == 0)


def test_a_spool_that_grows_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    ours, others = Spool(tmp_path / "spool"), Spool(tmp_path / "spool")
    for number in range(50):
        others.keep(entry(number, opted_out=True))
        assert ours.opted_out(b"c%d" % number)
        assert ours.find("m0") is not None
    ours.drain(lambda _: None)
    assert others.find("m0") is None
    others.keep(entry(7))
    assert ours.find("m7") is not None
    assert ours.opted_out(b"c1") is None


def test_a_key_that_was_changed_before_the_store_was_away(
    line: Line, store: Away, tmp_path: Path
) -> None:
    """Who opted out under the former key stays so, whatever they text meanwhile."""
    ann, bob = (Person(turns_of(line, store, None), f"+1514555{n}") for n in ("0001", "0002"))
    ann.texts("STOP")
    bob.texts("STOP")
    turns = Turns(line, store, b"new", lambda: NOW, Spool(tmp_path / "spool"), b"key")
    ann.turns = bob.turns = turns
    store.away = store.readable = True
    assert ann.texts("CART") == ""
    store.readable = False
    turns.outage.readable = False
    assert "CAR T" in bob.texts("CART")  # nobody can know
    store.away = False
    wait_until_back(turns)
    assert ann.texts("CART") == bob.texts("CART") == ""
    assert ann.opted_out
    assert bob.opted_out


def test_what_became_of_replies_waits_for_no_store(
    line: Line, store: Away, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = turns_of(line, store, Spool(tmp_path / "spool"))
    asked: list[str] = []

    def away(message: str, *_: object) -> bool:
        asked.append(message)
        raise StoreError("away")

    monkeypatch.setattr(store, "delivered", away)
    store.away = True
    for number in range(5):
        turns.report(Delivery("test", "+15145550123", f"SM{number}", "failed", 21610, True))
    assert asked == ["test:SM0"]  # once, and then no more while it is away
    ann = Person(turns)
    assert ann.texts("CART") == ""  # refused by the carrier: opted out here too
    store.away = False
    wait_until_back(turns)
    ann.texts("MENU")
    assert ann.opted_out


@pytest.mark.parametrize("spool", ["none", "full"])
def test_an_opt_out_that_cannot_be_kept_is_not_confirmed(
    line: Line, store: Away, tmp_path: Path, spool: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = None if spool == "none" else Spool(tmp_path / "no folder" / "spool")
    turns = turns_of(line, store, kept)
    ann = Person(turns)
    store.away = True
    said = ann.texts("STOP")
    assert "Sorry, something went wrong" in said
    assert "1-888-939-3333" in said
    assert "CAR T" in ann.texts("CART")  # everything else is answered all the same
    assert "9-1-1" in ann.texts("i want to die")
    assert ann.number not in caplog.text


def test_nothing_of_anyone_is_kept_or_logged(
    line: Line, store: Away, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    turns = turns_of(line, store, Spool(tmp_path / "spool"))
    store.away = True
    with caplog.at_level(logging.DEBUG):
        Person(turns, "+15145550188").texts("my son Felix relapsed, what now")
    kept = (tmp_path / "spool").read_text()
    for secret in ("5145550188", "Felix", "relapsed, what now"):
        assert secret not in kept
        assert secret not in caplog.text.replace(str(tmp_path), "")
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o600


def entry(number: int, **changes: object) -> Entry:
    return Entry(f"m{number}", b"c%d" % number, NOW, Reply("menu", f"{number}"), **changes)  # type: ignore[arg-type]


def test_entries_are_taken_in_order_and_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number in range(20):
        spool.keep(entry(number))
    taken: list[str] = []

    def take(one: Entry) -> None:
        if len(taken) == 7:
            raise StoreError("away again")
        taken.append(one.message)
        if len(taken) == 3:
            spool.keep(entry(20))  # while it is being drained

    with pytest.raises(StoreError):
        spool.drain(take)
    assert taken == [f"m{n}" for n in range(7)]
    assert spool.find("m6") is None
    assert spool.find("m7") == entry(7)
    rest: list[str] = []
    assert spool.drain(lambda one: rest.append(one.message)) == 14
    assert rest == [f"m{n}" for n in range(7, 21)]
    assert not spool.pending()
    assert spool.drain(lambda _: None) == 0


@given(st.data())
def test_whatever_a_crash_leaves_the_entries_before_it_are_there(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool") / "spool")
    for number in range(3):
        spool.keep(entry(number, opted_out=True))
    whole = spool.path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    noise = data.draw(st.binary(max_size=40))
    spool.path.write_bytes(whole[:cut] + noise)
    spool.keep(entry(9))
    found: list[str] = []
    spool.drain(lambda one: found.append(one.message))
    lines = max(0, whole[:cut].count(b"\n") - 1)  # the first is a mark
    assert found[:lines] == [f"m{n}" for n in range(lines)]
    assert found[-1] == "m9"
    assert not spool.pending()


def test_another_file_of_the_same_size_is_another_file(tmp_path: Path) -> None:
    here, there = Spool(tmp_path / "spool"), Spool(tmp_path / "spool")
    for number in range(10, 99):
        here.keep(entry(number))
        assert there.find(f"m{number}") == entry(number)
        assert there.find(f"m{number - 1}") is None
        here.drain(lambda _: None)
        assert not there.pending()


def _keep(path: Path, numbers: range) -> None:
    spool = Spool(path)
    for number in numbers:
        spool.keep(entry(number))


def test_processes_write_while_one_drains(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool, taken, over = Spool(path), [], threading.Event()

    def drain() -> None:
        while not over.is_set() or spool.pending():
            spool.drain(lambda one: taken.append(one.message))

    thread = threading.Thread(target=drain)
    thread.start()
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        parts = [range(n * 200, n * 200 + 200) for n in range(3)]
        for run in [pool.submit(_keep, path, part) for part in parts]:
            run.result()
    over.set()
    thread.join()
    assert sorted(taken) == sorted(f"m{n}" for n in range(600))


def test_a_file_that_grows_too_large_keeps_opt_outs_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.spool.LARGEST", 10)
    spool = Spool(tmp_path / "spool")
    spool.keep(entry(1))
    spool.keep(entry(2))
    spool.keep(entry(3, opted_out=True))
    assert [spool.find(f"m{n}") is not None for n in (1, 2, 3)] == [True, False, True]
    assert spool.opted_out(b"c3")
    assert spool.opted_out(b"c1") is None
