"""What every store does; one class of cases that a store of another kind runs as well."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from bot.model import Conversation, Reply
from bot.store import Store, StoreError
from bot.store.migrations import names
from bot.store.sqlite import KEEP_REPLIES, SCHEMA, SqliteStore

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


def count(before: Conversation) -> tuple[Reply, Conversation]:
    page = before.page + 1
    return Reply("more", f"page {page}", "en"), Conversation(page=page, heard=NOW)


def refuse(_: Conversation) -> tuple[Reply, Conversation]:
    raise AssertionError("a message that was taken before is not taken again")


class TestStore:
    def test_a_turn_remembers(self, store: Store) -> None:
        assert [store.turn(f"m{n}", b"c", NOW, count).text for n in range(3)] == [
            "page 1", "page 2", "page 3",
        ]  # fmt: skip
        assert store.turn("other", b"d", NOW, count).text == "page 1"

    def test_the_same_message_gets_the_same_reply_and_no_turn(self, store: Store) -> None:
        reply = store.turn("m", b"c", NOW, count)
        assert store.turn("m", b"c", NOW + 9, refuse) == reply
        assert store.turn("m", b"another contact", NOW + 9, refuse) == reply

    def test_opted_out_is_told_without_a_turn(self, store: Store) -> None:
        assert not store.opted_out(b"c")
        store.turn("m", b"c", NOW, lambda _: (Reply("stop"), Conversation(opted_out=True)))
        assert store.opted_out(b"c")
        store.turn("n", b"c", NOW, lambda _: (Reply("start"), Conversation(opted_out=False)))
        assert not store.opted_out(b"c")

    def test_a_failed_turn_keeps_nothing(self, store: Store) -> None:
        def fail(_: Conversation) -> tuple[Reply, Conversation]:
            raise KeyError("broken")

        with pytest.raises(KeyError):
            store.turn("m", b"c", NOW, fail)
        assert store.turn("m", b"c", NOW, count).text == "page 1"

    def test_everything_of_a_reply_comes_back(self, store: Store) -> None:
        reply = Reply("adult.cart", "né ਪੰ\n\U0001f600", "fr", "cart", "adult")
        store.turn("m", b"c", NOW, lambda before: (reply, before))
        assert store.turn("m", b"c", NOW, refuse) == reply

    def test_replies_are_forgotten_after_48_hours(self, store: Store) -> None:
        old = [f"old {n}" for n in range(60)]
        for message in old:
            store.turn(message, b"c", NOW, count)
        for n in range(100):
            store.turn(f"new {n}", b"c", NOW + KEEP_REPLIES + 1, count)
        assert store.turn("new 0", b"c", NOW + KEEP_REPLIES + 1, refuse).text == "page 61"
        again = [store.turn(message, b"c", NOW + KEEP_REPLIES + 1, count).text for message in old]
        assert len(set(again)) == 60
        assert "page 1" not in again

    def test_ping(self, store: Store) -> None:
        store.ping()

    def test_threads_take_one_contact_in_turn(self, store: Store) -> None:
        def take(number: int) -> str:
            reply = store.turn(f"m{number % 100}", b"c", NOW, count)
            store.close()
            return reply.text

        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(take, range(200)))
        assert sorted(set(replies)) == sorted(f"page {n + 1}" for n in range(100))
        assert replies[:100] == replies[100:]


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
        store.ping()


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


def test_replies_go_after_48_hours_also_at_a_message_a_day(path: str, store: SqliteStore) -> None:
    for day in range(10):
        store.turn(f"m{day}", b"c", NOW + day * 86400, count)
    db = sqlite3.connect(path)
    ((kept,),) = db.execute("SELECT count(*) FROM messages")
    db.close()
    assert kept <= 3


def test_the_file_is_its_owners_alone(path: str, store: SqliteStore) -> None:
    assert Path(path).stat().st_mode & 0o777 == 0o600
    store.ping()
