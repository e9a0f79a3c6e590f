"""What every store does; one class of cases that a store of another kind runs as well."""

import itertools
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from bot.model import Conversation, Inbound, Part, Reply
from bot.parts import OVERDUE, Parts, whole_key
from bot.posts import Seal
from bot.store import Failure, Step, Store, StoreError, Unmatched
from bot.store.copying import copy
from bot.store.migrations import names
from bot.store.postgres import PostgresStore, steps
from bot.store.rows import KEEP_PARTS, KEEP_REPLIES
from bot.store.sqlite import SCHEMA, SqliteStore

from .pg import postgres

NUMBERS = itertools.count()
NOW = 1_800_000_000


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "line.db")


@pytest.fixture
def store(path: str) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    store.migrate()
    yield store
    store.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    """An empty database of its own."""
    name = f"line_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def shared(url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(url)
    store.migrate()
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def any_store(request: pytest.FixtureRequest) -> Store:
    """Each store in turn: the same cases hold for all."""
    store: Store = request.getfixturevalue("store" if request.param == "sqlite" else "shared")
    return store


def heard(at: int, *, opted_out: bool = False) -> Step:
    """Remember that a contact was heard, and what it asked for."""
    state = Conversation(page=1, heard=at, opted_out=opted_out)
    return lambda _: (Reply("menu"), state)


def count(before: Conversation) -> tuple[Reply, Conversation]:
    page = before.page + 1
    return Reply("more", f"page {page}", "en"), Conversation(page=page, heard=NOW)


def refuse(_: Conversation) -> tuple[Reply, Conversation]:
    raise AssertionError("a message that was taken before is not taken again")


class TestParts:
    """Parts of a text, in each store."""

    def test_the_last_part_of_many_threads_makes_it_whole(self, any_store: Store) -> None:
        parts = Parts(any_store, Seal(b"a key"))
        total = 8

        def bring(number: int) -> Inbound | None:
            inbound = Inbound("vonage", "sms:1", f"id{number}", f"{number} ")
            try:
                return parts.joined(inbound, Part("ref", number, total), b"contact", NOW)
            finally:
                if isinstance(any_store, SqliteStore):
                    any_store.close()

        with ThreadPoolExecutor(total) as pool:
            found = list(filter(None, pool.map(bring, range(1, total + 1))))
        assert found
        assert {(one.id, one.text, one.part) for one in found} == {
            ("id1", "1 2 3 4 5 6 7 8 ", None)
        }
        parts.forget(whole_key(Part("ref", 1, total), b"contact"))
        assert any_store.rows("SELECT number FROM concatenated") == []

    def test_parts_under_another_key_are_not_read(self, any_store: Store) -> None:
        inbound = Inbound("vonage", "sms:1", "id", "text")
        for key, number in ((b"before", 1), (b"now", 2)):
            parts = Parts(any_store, Seal(key))
            assert parts.joined(inbound, Part("ref", number, 2), b"contact", NOW) is None

    def test_parts_whose_others_do_not_come_are_overdue(self, any_store: Store) -> None:
        parts = Parts(any_store, Seal(b"a key"))
        for number, at in ((1, NOW), (3, NOW + 10)):
            inbound = Inbound("vonage", "sms:1", f"id{number}", f"{number} ", back="x")
            parts.joined(inbound, Part("ref", number, 3), b"c", at)
        assert list(parts.overdue(NOW + OVERDUE)) == []
        ((whole, inbound),) = parts.overdue(NOW + 10 + OVERDUE)
        assert inbound == Inbound("vonage", "sms:1", "id1", "1 3 ", back="x")
        parts.forget(whole)
        assert list(parts.overdue(NOW + 10 + OVERDUE)) == []
        Parts(any_store, Seal(b"before")).joined(inbound, Part("ref", 1, 2), b"c", NOW)
        assert [one for _, one in parts.overdue(NOW + OVERDUE)] == [None]

    def test_parts_of_a_contact_that_is_erased_go_with_it(self, any_store: Store) -> None:
        parts = Parts(any_store, Seal(b"a key"))
        parts.joined(Inbound("vonage", "sms:1", "id", "text"), Part("ref", 1, 2), b"c", NOW)
        assert not any_store.erase(b"another")
        assert any_store.erase(b"c")
        assert any_store.rows("SELECT number FROM concatenated") == []

    def test_parts_go_when_they_are_old(self, any_store: Store) -> None:
        parts = Parts(any_store, Seal(b"a key"))
        parts.joined(Inbound("vonage", "sms:1", "id", "text"), Part("ref", 1, 2), b"c", NOW)
        any_store.purge(NOW + KEEP_PARTS, 0, 500)
        assert len(any_store.rows("SELECT number FROM concatenated")) == 1
        any_store.purge(NOW + KEEP_PARTS + 1, 0, 500)
        assert any_store.rows("SELECT number FROM concatenated") == []


class TestStore:
    def test_a_turn_remembers(self, any_store: Store) -> None:
        assert [any_store.turn(f"m{n}", b"c", NOW, count).text for n in range(3)] == [
            "page 1", "page 2", "page 3",
        ]  # fmt: skip
        assert any_store.turn("other", b"d", NOW, count).text == "page 1"

    def test_the_same_message_gets_the_same_reply_and_no_turn(self, any_store: Store) -> None:
        reply = any_store.turn("m", b"c", NOW, count)
        assert any_store.turn("m", b"c", NOW + 9, refuse) == reply
        assert any_store.turn("m", b"another contact", NOW + 9, refuse) == reply

    def test_opted_out_is_told_without_a_turn(self, any_store: Store) -> None:
        assert not any_store.opted_out(b"c")
        any_store.turn("m", b"c", NOW, lambda _: (Reply("stop"), Conversation(opted_out=True)))
        assert any_store.opted_out(b"c")
        any_store.turn("n", b"c", NOW, lambda _: (Reply("start"), Conversation(opted_out=False)))
        assert not any_store.opted_out(b"c")

    def test_a_reply_is_corrected(self, any_store: Store) -> None:
        any_store.turn("m", b"c", NOW, count)
        any_store.correct("m", Reply("menu", "what was sent"))
        any_store.correct("none", Reply("menu"))
        assert any_store.turn("m", b"c", NOW, refuse) == Reply("menu", "what was sent")
        assert any_store.turn("n", b"c", NOW, count).text == "page 2"

    def test_a_key_is_changed(self, any_store: Store) -> None:
        any_store.turn("m1", b"old", NOW, lambda b: (Reply("stop"), replace(b, opted_out=True)))
        seen: list[bool] = []

        def look(before: Conversation) -> tuple[Reply, Conversation]:
            seen.append(before.opted_out)
            return Reply("stop"), before

        any_store.turn("m2", b"new", NOW, look, b"old")
        assert any_store.opted_out(b"new")
        assert not any_store.opted_out(b"old")
        any_store.turn("m3", b"new", NOW, lambda _: (Reply("start"), Conversation()), b"old")
        any_store.turn("m4", b"new", NOW, look, b"old")
        any_store.turn("m5", b"another", NOW, look, b"none")
        assert seen == [True, False, False]

    def test_what_became_of_replies(self, any_store: Store) -> None:
        day = NOW // 86400
        assert any_store.delivered("m", "sent", 0, NOW)
        assert not any_store.delivered("m", "sent", 0, NOW)
        assert any_store.delivered("m", "failed", 30003, NOW)
        assert not any_store.delivered("m", "failed", 30003, NOW)
        assert any_store.delivered("n", "failed", 30003, NOW)
        assert any_store.delivered("o", "failed", 30007, NOW + 86400)
        assert any_store.failures() == [Failure(day + 1, 30007, 1), Failure(day, 30003, 2)]
        # What was told is forgotten after 48 hours, the counts are not.
        assert any_store.purge(NOW + KEEP_REPLIES, 0, 99) == 0
        assert any_store.purge(NOW + KEEP_REPLIES + 1, 0, 99) == 3
        assert any_store.delivered("m", "failed", 30003, NOW + KEEP_REPLIES + 1)
        assert Failure(day, 30003, 2) in any_store.failures()

    def test_a_failed_turn_keeps_nothing(self, any_store: Store) -> None:
        def fail(_: Conversation) -> tuple[Reply, Conversation]:
            raise KeyError("broken")

        with pytest.raises(KeyError):
            any_store.turn("m", b"c", NOW, fail)
        assert any_store.turn("m", b"c", NOW, count).text == "page 1"

    def test_everything_of_a_reply_comes_back(self, any_store: Store) -> None:
        reply = Reply("adult.cart", "né ਪੰ\n\U0001f600", "fr", "cart", "adult")
        any_store.turn("m", b"c", NOW, lambda before: (reply, before))
        assert any_store.turn("m", b"c", NOW, refuse) == reply

    def test_replies_are_forgotten_after_48_hours(self, any_store: Store) -> None:
        old = [f"old {n}" for n in range(60)]
        for message in old:
            any_store.turn(message, b"c", NOW, count)
        any_store.turn("new 0", b"c", NOW + KEEP_REPLIES + 1, count)
        assert any_store.purge(NOW + KEEP_REPLIES + 1, 0, 50) == 50
        assert any_store.purge(NOW + KEEP_REPLIES + 1, 0, 50) == 10
        assert any_store.turn("new 0", b"c", NOW + KEEP_REPLIES + 1, refuse).text == "page 61"
        again = [
            any_store.turn(message, b"c", NOW + KEEP_REPLIES + 1, count).text for message in old
        ]
        assert len(set(again)) == 60
        assert "page 1" not in again

    def test_contacts_not_heard_for_long_are_forgotten(self, any_store: Store) -> None:
        for number in range(10):
            any_store.turn(f"m{number}", b"c%d" % number, NOW, heard(NOW + number))
        any_store.turn("stop", b"c3", NOW, heard(NOW + 3, opted_out=True))
        place: bytes | None = b""
        steps = 0
        while place is not None:
            place = any_store.sweep(place, NOW + 6, 4)
            steps += 1
        assert steps == 3
        left = any_store.contacts(b"", 99)
        assert [row.contact for row in left] == [b"c3", b"c6", b"c7", b"c8", b"c9"]
        assert (left[0].opted_out, left[0].state) == (True, '{"opted_out":true}')
        assert "page" in left[1].state
        assert any_store.sweep(b"", NOW + 6, 99) is None
        assert any_store.contacts(b"", 99) == left

    def test_one_contact_is_shown_and_erased(self, any_store: Store) -> None:
        any_store.turn("m1", b"c", NOW, heard(NOW))
        any_store.turn("m2", b"d", NOW, heard(NOW, opted_out=True))
        row = any_store.contact(b"c")
        assert row is not None
        assert (row.contact, row.opted_out, row.heard) == (b"c", False, NOW)
        assert any_store.erase(b"c")
        assert any_store.contact(b"c") is None
        assert not any_store.erase(b"c")
        assert any_store.erase(b"d")
        assert any_store.contact(b"d") == (b"d", True, 0, '{"opted_out":true}')
        assert any_store.opted_out(b"d")
        assert any_store.erase(b"d", opt_out_too=True)
        assert any_store.contact(b"d") is None

    def test_texts_that_were_not_understood(self, any_store: Store) -> None:
        day = NOW // 86400
        old, new = Unmatched(day - 8, "fr", "… coûte #"), Unmatched(day, "en", "does … hurt")
        for one in (old, new, new):
            any_store.note_unmatched(one)
        assert any_store.unmatched() == [new, new, old]
        assert any_store.purge(NOW, 8, 99) == 0
        assert any_store.purge(NOW, 7, 99) == 1
        assert any_store.unmatched() == [new, new]

    def test_ping(self, any_store: Store) -> None:
        any_store.ping()

    def test_threads_take_one_contact_in_turn(self, any_store: Store) -> None:
        def take(number: int) -> str:
            reply = any_store.turn(f"m{number % 100}", b"c", NOW, count)
            if isinstance(any_store, SqliteStore):
                any_store.close()  # the connection of this thread
            return reply.text

        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(take, range(200)))
        assert sorted(set(replies)) == sorted(f"page {n + 1}" for n in range(100))
        assert replies[:100] == replies[100:]


def taken(store: Store, number: int) -> None:
    store.turn(f"m{number}", b"c%d" % (number % 7), NOW + number, count)


@pytest.mark.parametrize("way", ["sqlite to postgres", "postgres to sqlite"])
def test_a_running_line_is_copied(store: SqliteStore, shared: PostgresStore, way: str) -> None:
    """What is in both after it was copied twice, while the one goes on, is what the one has."""
    source, target = (store, shared) if way.startswith("sqlite") else (shared, store)
    opted_out = heard(NOW + 3000, opted_out=True)
    for number in range(2500):
        taken(source, number)
    assert copy(source, target) == (7, 2500)
    source.turn("stop", b"c1", NOW + 3000, opted_out)
    source.turn("more", b"c2", NOW + 3001, count)
    assert copy(source, target) == (7, 2502)
    assert target.contacts(b"", 99) == source.contacts(b"", 99)
    assert [row[1:] for row in target.messages(0, 9999)] == [
        row[1:] for row in source.messages(0, 9999)
    ]
    assert target.opted_out(b"c1")
    assert target.turn("m7", b"c0", NOW, refuse).text == "page 2"
    # What the other has heard since is not put back.
    target.turn("start", b"c1", NOW + 4000, heard(NOW + 4000))
    copy(source, target)
    assert not target.opted_out(b"c1")


class TestPostgres:
    def test_processes_answer_a_message_once(self, url: str, shared: PostgresStore) -> None:
        with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
            runs = [pool.submit(_take_shared, url, range(100)) for _ in range(4)]
            replies = [run.result() for run in runs]
        assert all(reply == replies[0] for reply in replies)
        assert shared.turn("next", b"c", NOW, count).text == "page 101"

    def test_one_contact_waits_and_others_do_not(self, url: str, shared: PostgresStore) -> None:
        begun, go_on, order = threading.Event(), threading.Event(), []

        def slow(before: Conversation) -> tuple[Reply, Conversation]:
            begun.set()
            assert go_on.wait(20)
            order.append("slow")
            return count(before)

        other = PostgresStore(url)
        first = threading.Thread(target=shared.turn, args=("m1", b"c", NOW, slow))
        first.start()
        assert begun.wait(20)
        # Another contact is answered meanwhile, on this machine and on the other.
        assert shared.turn("m2", b"d", NOW, count).text == "page 1"
        assert other.turn("m3", b"e", NOW, count).text == "page 1"
        said: list[str] = []
        second = threading.Thread(
            target=lambda: said.append(other.turn("m4", b"c", NOW, count).text)
        )
        second.start()
        time.sleep(0.2)
        assert said == []
        go_on.set()
        first.join()
        second.join()
        assert (order, said) == (["slow"], ["page 2"])
        other.close()

    def test_the_same_id_for_two_contacts_at_once(self, url: str, shared: PostgresStore) -> None:
        """A key that was changed while a message came twice: one reply, whoever was first."""
        barrier = threading.Barrier(2)

        def together(before: Conversation) -> tuple[Reply, Conversation]:
            if not barrier.broken and barrier.n_waiting < 2:
                with suppress(threading.BrokenBarrierError):
                    barrier.wait(5)
            return Reply("more", str(threading.get_ident())), before

        other = PostgresStore(url)
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(shared.turn, "m", b"c", NOW, together)
            two = pool.submit(other.turn, "m", b"d", NOW, together)
            assert one.result() == two.result()
        other.close()

    def test_many_machines_may_migrate_at_once(self, url: str) -> None:
        with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
            done = [run.result() for run in [pool.submit(_migrate_shared, url) for _ in range(8)]]
        assert sorted(done) == [[]] * 7 + [steps()]

    def test_a_newer_schema_is_refused(self, url: str, shared: PostgresStore) -> None:
        with psycopg.connect(url) as db:
            db.execute("INSERT INTO _yoyo_migration(migration_hash, migration_id) VALUES('x', '9')")
        for act in (shared.migrate, shared.current):
            with pytest.raises(StoreError, match="of a newer release: it has 9, which this"):
                act()
        shared.ping()  # but processes that run go on: a newer release only adds

    def test_no_schema_is_said(self, url: str) -> None:
        store = PostgresStore(url)
        assert not store.current()
        with pytest.raises(StoreError, match="run: answerline migrate"):
            store.ping()
        store.close()

    def test_a_server_that_is_not_there_fails_in_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.store.postgres.WAIT", 1.0)
        store = PostgresStore("postgresql://someone:secret@127.0.0.1:1/none")
        begun = time.monotonic()
        with pytest.raises(StoreError, match="DATABASE_URL: PostgreSQL failed") as failure:
            store.turn("m", b"c", NOW, count)
        assert time.monotonic() - begun < 10
        assert "secret" not in str(failure.value)
        store.close()

    @pytest.mark.usefixtures("shared")
    def test_a_lock_that_is_held_fails_in_time(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.store.postgres.WAIT", 0.2)
        store = PostgresStore(url)
        with psycopg.connect(url) as db:
            db.execute("LOCK TABLE contacts")
            with pytest.raises(StoreError, match="timeout"):
                store.turn("m", b"c", NOW, count)
        assert store.turn("m", b"c", NOW, count).text == "page 1"
        store.close()

    @pytest.mark.parametrize("state", ["", "{", "[]", '{"page":"x"}', "[" * 100_000])
    def test_what_is_damaged_begins_anew_but_keeps_the_opt_out(
        self, url: str, shared: PostgresStore, state: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        shared.turn("m", b"c", NOW, count)
        with psycopg.connect(url) as db:
            db.execute("UPDATE contacts SET state = %s, opted_out = true", (state,))
            db.execute("UPDATE messages SET reply = 'none'")
        seen: list[Conversation] = []

        def look(before: Conversation) -> tuple[Reply, Conversation]:
            seen.append(before)
            return Reply("stop"), before

        assert shared.turn("m", b"c", NOW, look) == Reply("stop")
        assert seen == [Conversation(opted_out=True)]
        assert "could not be read" in caplog.text
        assert shared.turn("m", b"c", NOW, refuse) == Reply("stop")


def _take_shared(url: str, numbers: range) -> list[str]:
    store = PostgresStore(url)
    try:
        return [store.turn(f"m{number}", b"c", NOW, count).text for number in numbers]
    finally:
        store.close()


def _migrate_shared(url: str) -> list[str]:
    store = PostgresStore(url)
    try:
        return store.migrate()
    finally:
        store.close()


def _take(path: str, numbers: range) -> list[str]:
    store = SqliteStore(path)
    return [store.turn(f"m{number}", b"c", NOW, count).text for number in numbers]


def test_processes_answer_a_message_once(path: str, store: SqliteStore) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(_take, path, range(100)) for _ in range(4)]
        replies = [run.result() for run in runs]
    assert all(reply == replies[0] for reply in replies)
    assert len(set(replies[0])) == 100
    assert store.turn("next", b"c", NOW, count).text == "page 101"


def _migrate(path: str) -> list[str]:
    return SqliteStore(path).migrate()


def test_many_may_migrate_at_once(path: str) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        done = [run.result() for run in [pool.submit(_migrate, path) for _ in range(8)]]
    assert sorted(done) == [[]] * 7 + [names()]


def test_migrating_again_does_nothing(path: str) -> None:
    store = SqliteStore(path)
    assert not store.current()
    with pytest.raises(StoreError, match="run: answerline migrate"):
        store.ping()
    assert store.migrate() == names()
    assert store.migrate() == []
    assert store.current()
    assert len(names()) == SCHEMA


def test_a_newer_schema_is_refused(path: str, store: SqliteStore) -> None:
    db = sqlite3.connect(path)
    db.execute(
        "INSERT INTO _sqlite_migrations(migration_set, name, applied_at) "
        "VALUES('answerline', 'm999', '')"
    )
    db.execute("PRAGMA user_version=999")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="of a newer release: it has m999"):
        store.migrate()
    with pytest.raises(StoreError, match="of a newer release: its schema is 999"):
        store.current()
    store.ping()  # but processes that run go on: a newer release only adds


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no folder"):
        SqliteStore(str(tmp_path / "gone" / "line.db")).migrate()


def test_a_file_that_is_no_database_is_said(path: str) -> None:
    Path(path).write_text("no database at all, and long enough to be read as one " * 9)
    store = SqliteStore(path)
    for act in (store.migrate, store.current, lambda: store.turn("m", b"c", NOW, count)):
        with pytest.raises(StoreError, match="file is not a database"):
            act()


def test_a_locked_database_fails_in_time_and_recovers(
    path: str, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.sqlite.WAIT", 0.05)
    store.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked"):
        store.turn("m", b"c", NOW, count)
    other.execute("ROLLBACK")
    other.close()
    assert store.turn("m", b"c", NOW, count).text == "page 1"


@pytest.mark.parametrize("state", ["", "{", "[]", '{"page":"x"}', b"\xff{", "[" * 100_000])
def test_a_damaged_state_begins_anew_but_keeps_the_opt_out(
    path: str, store: SqliteStore, state: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store.turn("m", b"c", NOW, count)
    db = sqlite3.connect(path)
    db.execute("UPDATE contacts SET state = ?, opted_out = 1", (state,))
    db.commit()
    db.close()
    seen: list[Conversation] = []

    def look(before: Conversation) -> tuple[Reply, Conversation]:
        seen.append(before)
        return Reply("stop"), before

    store.turn("n", b"c", NOW, look)
    assert seen == [Conversation(opted_out=True)]
    assert "state could not be read" in caplog.text


def test_a_turn_that_fails_in_its_second_write_keeps_nothing_of_the_first(
    path: str, store: SqliteStore
) -> None:
    db = sqlite3.connect(path)
    db.execute("ALTER TABLE contacts RENAME COLUMN heard TO gone")
    db.commit()
    with pytest.raises(StoreError):
        store.turn("m", b"c", NOW, count)
    db.execute("ALTER TABLE contacts RENAME COLUMN gone TO heard")
    db.commit()
    db.close()
    assert store.turn("m", b"c", NOW, count).text == "page 1"


def test_a_damaged_reply_counts_as_not_taken(
    path: str, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.turn("m", b"c", NOW, count)
    db = sqlite3.connect(path)
    db.execute("UPDATE messages SET reply = CAST(x'ff7b' AS TEXT)")
    db.commit()
    db.close()
    assert store.turn("m", b"c", NOW, count).text == "page 2"
    assert store.turn("m", b"c", NOW, refuse).text == "page 2"
    assert "reply to a message could not be read" in caplog.text


def test_a_file_that_cannot_be_opened_is_said_everywhere(tmp_path: Path) -> None:
    store = SqliteStore(f"{tmp_path}/none/line.db")
    for act in (
        lambda: store.rows("SELECT 1"),
        lambda: store.change("DELETE FROM contacts"),
        lambda: store.delivered("m", "sent", 0, NOW),
        lambda: store.purge(NOW, 0, 9),
        lambda: store.turn("m", b"c", NOW, count),
        store.ping,
    ):
        with pytest.raises(StoreError, match="DATABASE_URL: "):
            act()


def test_the_file_is_its_owners_alone(path: str, store: SqliteStore) -> None:
    assert Path(path).stat().st_mode & 0o777 == 0o600
    store.ping()
