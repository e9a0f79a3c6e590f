"""What the fuzzer found is played again without it; and the fuzzer is shown to find what breaks."""

import importlib
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from bot import catalogs, po_files, sms, turn
from bot.channels import twilio
from bot.line import Line
from bot.model import Conversation, Reply
from bot.spool import Spool
from tests.fuzz import TARGETS, __main__, shapes
from tests.fuzz.known import KNOWN, place

Make = Callable[[str], Callable[[bytes], None]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, line: Line) -> Make:
    """Make each target once: one of them cuts all pages anew."""

    @lru_cache
    def make(name: str) -> Callable[[bytes], None]:
        module = importlib.import_module(f"tests.fuzz.{name}")
        check: Callable[[bytes], None] = module.make(tmp_path_factory.mktemp(name), lambda: line)
        assert all(isinstance(word, bytes) for word in module.words(lambda: line))
        return check

    return make


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_holds(name: str, make: Make) -> None:
    check, faults = make(name), {}
    inputs = sorted((__main__.SEEDS / name).iterdir())
    assert len(inputs) > 10
    for path in inputs:
        try:
            check(path.read_bytes())
        except Exception as error:  # noqa: BLE001 - all are told together
            faults[path.name] = place(error)
    known = KNOWN.get(name, {})
    assert not {file: fault for file, fault in faults.items() if fault not in known}
    assert set(known) <= set(faults.values()), "mended: take it out of tests/fuzz/known.py"


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_are_few_and_small(name: str) -> None:
    sizes = [path.stat().st_size for path in (__main__.SEEDS / name).iterdir()]
    assert len(sizes) <= __main__.MOST_SEEDS + 10
    assert max(sizes) <= __main__.LARGEST_SEED


# --- it finds what breaks ------------------------------------------------------------------------


def raises(*_: object, **__: object) -> None:
    raise RuntimeError("broken")


def loses_a_letter(text: str, fits: Callable[[str], bool], _: object = ()) -> tuple[str, str]:
    end = next((n for n in range(len(text), 0, -1) if fits(text[:n])), 1)
    return text[:end], text[end + 1 :]


def says_too_much(*_: object, **__: object) -> tuple[Reply, Conversation]:
    return Reply("menu", "word " * 500, "en"), Conversation()


def forgets_the_last(
    spool: Spool, content: bytes, start: int, real: Callable[..., object] = Spool._entries_of
) -> object:
    return list(real(spool, content, start))[:-1]  # type: ignore[call-overload]


def says_two_things(text: str) -> str:
    return f"{text}</Message><Message>{text}"


MESSAGE = b"\x00\x00\x00\x00CART"
FORGED = b"\x00\x0c\x00\x00CART"
ENTRIES = b"\x00\x00\x00\x81\x01m1\xfec1\xfemenu\xff\x00\x82\x01m2\xfec2\xfemenu"
CATALOG = b'\x07#. topics/cart.toml: title\nmsgid "a b"\nmsgstr "c d"\n'

# target, what is broken, with what, an input, and what is said of it
BROKEN = [
    ("sms", sms, "cut", loses_a_letter, b"\x01\x01\x05one two three", "lost or torn"),
    ("sms", sms, "clean", lambda text: text, b"\x01\x01\x05a\x00b", "assert"),
    ("understanding", "bot.conversation", "understand", raises, b"\x00\x00cart", "broken"),
    ("understanding", "bot.conversation", "respond", says_too_much, b"\x00\x00cart", "budget"),
    ("webhook", turn, "respond", raises, MESSAGE, "hidden behind an apology"),
    ("webhook", twilio, "read", raises, MESSAGE, "broken"),
    ("webhook", twilio, "escape", says_two_things, MESSAGE, "more than one message"),
    ("webhook", twilio, "escape", lambda _: "&", MESSAGE, "not well-formed"),
    ("webhook", twilio, "is_right", lambda *_: True, FORGED, "200 and not 403"),
    ("spool", Spool, "_entries_of", forgets_the_last, ENTRIES, "not found"),
    ("spool", Spool, "_entries_of", raises, ENTRIES, "broken"),
    ("catalogs", po_files, "_check_header", raises, CATALOG, "broken"),
    ("catalogs", catalogs, "_is_reviewed", lambda _: False, CATALOG, "does not hold"),
]


@pytest.mark.parametrize(
    ("name", "module", "function", "broken", "data", "says"),
    BROKEN,
    ids=[f"{name}-{function}-{n}" for n, (name, _, function, *_) in enumerate(BROKEN)],
)
def test_what_is_broken_is_found(
    monkeypatch: pytest.MonkeyPatch, make: Make, name: str, module: object, function: str,
    broken: object, data: bytes, says: str,
) -> None:  # fmt: skip
    check = make(name)
    check(data)
    if isinstance(module, str):
        module = importlib.import_module(module)
    monkeypatch.setattr(module, function, broken)
    with pytest.raises((AssertionError, RuntimeError, ET.ParseError)) as found:
        check(data)
    assert says in f"{found.value} {found.traceback[-1].statement}"
    assert place(found.value) not in KNOWN.get(name, {})


def test_a_fault_is_named_by_where_it_came_from() -> None:
    with pytest.raises(ValueError, match="grapheme") as found:
        sms.cut("word", lambda _: False)
    assert place(found.value) == "ValueError in bot/sms.py:cut"
    assert place(ValueError()) == "ValueError in nothing of ours"


# --- how it reads its bytes, and its command -----------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        ("plain é 化疗 😀".encode(), "plain é 化疗 😀"),
        (b"\xed\xa0\xbd", "\ud83d"),
        (b"\x80\x97", "\u200d\x85"),
        (b"ab\xa1\x03", "ab" * 4),
        (b"a\xa0\xfd", "a" * 254),
        (b"\xa0", ""),
        (b"\xc3(", "\ud860("),
        (b"ab\xbf\xfd\xbf\xfd\xbf\xfd", "ab" * 3000),
    ],
)
def test_bytes_are_a_text(data: bytes, text: str) -> None:
    assert shapes.text(data) == text


def test_numbers_are_taken_off_the_front() -> None:
    assert shapes.taken(b"\x01\x02rest", 2) == ([1, 2], b"rest")
    assert shapes.taken(b"\x01", 3) == ([1, 0, 0], b"")


def test_without_the_fuzzer_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)
    assert __main__.main(["sms"]) == 2
    assert capsys.readouterr().err == (
        "the fuzzer atheris is not installed: pip install -e '.[fuzz]'\n"
    )


def test_seeds_are_replaced_but_for_what_broke(tmp_path: Path) -> None:
    seeds, branches, counts = (tmp_path / name for name in ("seeds", "branches", "counts"))
    for folder, names in ((seeds, ["old", "crash-1"]), (branches, ["a"]), (counts, ["a", "b"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(name.encode())
    __main__.replace(seeds, branches, counts)
    assert sorted(path.name for path in seeds.iterdir()) == ["a", "b", "crash-1"]
