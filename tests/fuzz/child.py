"""The process that fuzzes one target, started by `python -m tests.fuzz`.

    python -m tests.fuzz.child TARGET FOLDER [what libFuzzer takes]

What is imported inside `instrument_imports` tells the fuzzer which branches an input took; so
nothing of the project but names may be imported before.
"""

import importlib
import logging
import pickle
import shlex
import sys
import tempfile
from collections.abc import Callable, Container, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import atheris

from tests.fuzz import LINE
from tests.fuzz.known import KNOWN, place

INSTRUMENTED: Final = ["bot", "babel.messages", "twilio.request_validator"]
LONGEST_WORD: Final = 60
"""Bytes of a word in the dictionary; libFuzzer takes 64."""


def main(name: str, folder: str, *options: str) -> None:
    """Fuzz until libFuzzer ends the process."""
    with atheris.instrument_imports(include=INSTRUMENTED):
        importlib.import_module("bot.line")
        module: Any = importlib.import_module(f"tests.fuzz.{name}")

    @lru_cache
    def line() -> Any:
        return pickle.loads((Path(folder) / LINE).read_bytes())

    logging.lastResort = None  # a broken file or a store that is away is logged each time
    made = module.make(Path(tempfile.mkdtemp(dir=folder)), line)
    check = tolerant(made, KNOWN.get(name, {}))
    dictionary = Path(folder) / "dictionary"
    dictionary.write_text(entries(module.words(line)), encoding="ascii")
    # libFuzzer starts processes of its own to compare inputs, by what it takes for its own name.
    itself = shlex.join([sys.executable, "-m", "tests.fuzz.child", name, folder])
    atheris.Setup([itself, f"-dict={dictionary}", *options], check)
    atheris.Fuzz()


def tolerant(check: Callable[[bytes], None], known: Container[str]) -> Callable[[bytes], None]:
    """Let known faults pass."""

    def checked(data: bytes) -> None:
        try:
            check(data)
        except Exception as error:
            if place(error) not in known:
                raise

    return checked


def entries(words: Iterable[bytes]) -> str:
    """Write a dictionary as libFuzzer reads it."""
    written = {word: "".join(f"\\x{byte:02x}" for byte in word) for word in words}
    return "\n".join(f'"{text}"' for word, text in written.items() if 0 < len(word) <= LONGEST_WORD)


if __name__ == "__main__":
    main(*sys.argv[1:])
