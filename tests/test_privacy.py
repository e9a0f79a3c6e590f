"""Nothing that a person sends is kept or logged: no number, no text, also where things break.

A real server is texted by people who tell who they are, while its database goes away for a few
seconds. Then every file that it, or its database, has written is searched.
"""

import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

import pytest

from tests.faults.people import Crowd, contact, text_of
from tests.faults.servers import ROOT, Cluster, Server, locked, serving
from tests.pg import postgres

FIRST: Final = 5_550_100
"""Contacts are numbered from here: their numbers are no run of zeros, which any file may hold."""
CONTACTS: Final = 40
TURNS: Final = 9

PRIVATE: Final = (
    "Odalys Quennevoort", "quennevoort", "V5Q 8Z3", "V5Q8Z3", "odalys.q@inbox.example.net",
    "Thaddeus Okwuosa", "okwuosa", "ذوالفقار علی چیمہ", "欧阳倩如", "ਗੁਰਲੀਨ",
)  # fmt: skip
"""What they tell of themselves: made up, and in no content."""
FREE: Final = (
    "hi this is Odalys Quennevoort, is CART for me?",
    "my postal code is V5Q 8Z3 (or V5Q8Z3) where can i go",
    "write to odalys.q@inbox.example.net please",
    "my son Thaddeus Okwuosa is 7 and has ALL, what about chemo",
    "میرا نام ذوالفقار علی چیمہ ہے",
    "我叫欧阳倩如 我想知道 CART",
    "ਮੇਰਾ ਨਾਂ ਗੁਰਲੀਨ ਹੈ",
    "STOP texting Thaddeus Okwuosa",
)
BEGINNING: Final = 7
SAID: Final = "CAR T-cell therapy changes"
"""Stands in replies, which are kept."""


def free_or_keyword(number: int, turn: int) -> str:
    """Give every other message of a contact in words of their own."""
    return FREE[(number + turn // 2) % len(FREE)] if turn % 2 else text_of(number, turn)


def forms(text: str) -> set[bytes]:
    """Give what a text may look like in a file: as it is, in JSON, in an address, in UTF-16."""
    ways = (
        text.casefold().encode(),
        text.encode("ascii", "backslashreplace"),
        quote_plus(text).encode(),
        text.casefold().encode("utf-16-le"),
    )
    return {way.lower() for way in ways}


def sent() -> dict[str, set[bytes]]:
    """Give all that must be nowhere, and the forms to look for.

    Every form of a number, +16045550100 and 16045550100, has its last ten digits in it.
    """
    texts = {free_or_keyword(n, turn) for n in range(CONTACTS) for turn in range(TURNS)}
    long = {text for text in texts if len(text) > 6} | set(PRIVATE)
    numbers = {contact(FIRST + n)[2:] for n in range(CONTACTS)}
    return {text: forms(text) for text in long | numbers}


def found(folders: list[Path], sought: dict[str, set[bytes]]) -> set[tuple[str, str]]:
    """Search every file below some folders; give each file's name with what stands in it."""
    by_beginning = defaultdict(list)  # numbers begin alike: most files need not be read for each
    for text, looks in sought.items():
        for look in looks:
            by_beginning[look[:BEGINNING]].append((look, text))
    hits = set()
    for file in (file for folder in folders for file in folder.rglob("*") if file.is_file()):
        content = file.read_bytes().lower()
        for beginning, all_with_it in by_beginning.items():
            if beginning in content:
                hits |= {(file.name, text) for look, text in all_with_it if look in content}
    return hits


@pytest.mark.parametrize("store", ["SQLite", "PostgreSQL"])
def test_nothing_that_people_send_is_kept(store: str, tmp_path: Path) -> None:
    folder = tmp_path / "line"
    copies = tmp_path / "copies"
    folder.mkdir()
    copies.mkdir()
    with ExitStack() as stack:
        if store == "SQLite":
            database = f"sqlite:///{folder}/line.db"
        else:
            database = stack.enter_context(postgres(folder / "pg"))
        servers: list[Server] = []
        stack.enter_context(serving(servers))
        servers.append(server := Server(folder, database))
        crowd = Crowd([server.port], CONTACTS, TURNS, text_of=free_or_keyword, first=FIRST)

        crashed = Cluster(folder / "pg").stopped(
            "immediate"
        )  # it goes through its log as it starts

        def break_off() -> None:
            crowd.wait_for(0.3)
            with locked(folder / "line.db") if store == "SQLite" else crashed:
                spool = folder / "spool"
                deadline = time.monotonic() + 20
                while not spool.exists() or spool.read_bytes().count(b"\n") < 20:
                    assert time.monotonic() < deadline, server.logged.read_text()
                    time.sleep(0.05)
                (copies / "spool").write_bytes(spool.read_bytes())  # it is gone when that is over

        told = crowd.text(break_off)
        assert (told.answered, told.lost) == (CONTACTS * TURNS, 0)
        assert "answered from the content alone" in server.logged.read_text()

        # While all of it runs: the write-ahead logs are there.
        sought, kept = sent(), {SAID: forms(SAID)}
        with_reply = {name for name, _ in found([folder, copies], kept)}
        if store == "SQLite":
            assert {"spool", "line.db-wal"} <= with_reply
        else:
            assert "spool" in with_reply
            assert any(len(name) == 24 for name in with_reply)  # a file of PostgreSQL's own log
            assert any(name.isdigit() for name in with_reply)  # and one of a table, as it started
        assert found([folder, copies], sought) == set()

    # And when it has ended, which writes the logs into the database.
    assert found([folder, copies], kept)
    assert found([folder, copies], sought) == set()


def test_it_would_be_found(tmp_path: Path) -> None:
    """Each of it, in each form, within a file in a folder; and none of it is content of ours."""
    sought = sent()
    planted = tmp_path / "pg" / "base"
    planted.mkdir(parents=True)
    for number, (text, looks) in enumerate(sought.items()):
        for look in looks:
            file = planted / str(number)
            file.write_bytes(bytes(5000) + look.upper() + b'",')
            assert (file.name, text) in found([tmp_path], {text: looks})
    assert {text for _, text in found([tmp_path], sought)} == sought.keys()
    assert found([ROOT / "messages", ROOT / "locales"], sought) == set()
