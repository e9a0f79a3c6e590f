"""Read the lists of clue words and what they are worth.

English lists stand in messages/words.toml and say which there are; those of another language stand
in locales/<language>/words.toml, beside its catalog. The weights (messages/weights.json) are
written by `answerline learn`. A fault in a language's list leaves out that list, and no more.
"""

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from bot.library import ENGLISH, FreeText
from bot.understanding.lexicon import COMMON
from bot.understanding.weights import SILENT

FILE: Final = "words.toml"
WEIGHTS: Final = "messages/weights.json"
GUESSED: Final = frozenset({"whom", "illness", "treatment", "beyond", "alarm"})
"""Tables whose words are known with a slip in them too; never those that end the texts."""

Problem = Callable[[str, str, str, bool], None]
"""Takes down a fault: file, key, what is wrong, whether the line must not start on it."""


def read(root: Path, languages: Iterable[str], problem: Problem) -> FreeText:
    """Read the lists of these languages and of English, and the weights."""
    english = _file(root, f"messages/{FILE}", problem, fatal=True)
    lists = {ENGLISH: _lists(english, f"messages/{FILE}", english, problem, fatal=True)}
    groups = {
        name: table
        for table, names in english.items()
        for name in names
        if table != COMMON and name not in SILENT
    }
    for language in languages:
        name = f"locales/{language}/{FILE}"
        if (root / name).exists():
            own = _file(root, name, problem, fatal=False)
            lists[language] = _lists(own, name, english, problem, fatal=False)
    return FreeText(lists, groups, GUESSED, _weights(root, problem))


def _file(root: Path, name: str, problem: Problem, *, fatal: bool) -> dict[str, dict[str, Any]]:
    try:
        data = tomllib.loads((root / name).read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        problem(name, "", f"cannot be read: {error}", fatal)
        return {}
    for table, lists in data.items():
        if not isinstance(lists, dict):
            problem(name, table, "stands in no table", fatal)
    return {table: lists for table, lists in data.items() if isinstance(lists, dict)}


def _lists(
    data: Mapping[str, Mapping[str, Any]],
    file: str,
    english: Mapping[str, Mapping[str, Any]],
    problem: Problem,
    *,
    fatal: bool,
) -> dict[str, str]:
    known = {name for lists in english.values() for name in lists}
    found: dict[str, str] = {}
    for table, lists in data.items():
        for name, words in lists.items():
            where = f"{table}.{name}"
            if name not in known:
                problem(file, where, f"is no list of messages/{FILE}", fatal)
            elif not isinstance(words, str):
                problem(file, where, "is no text of words with commas", fatal)
            else:
                found[COMMON if table == COMMON else name] = words
    return found


def _weights(root: Path, problem: Problem) -> dict[str, dict[str, float]]:
    """Read the weights by clue and label; none, and a fault, where they cannot be read."""
    try:
        table = json.loads((root / WEIGHTS).read_text(encoding="utf-8"))
        return {
            str(clue): {str(label): float(weight) for label, weight in row.items()}
            for clue, row in table.items()
        }
    except (ValueError, AttributeError, TypeError, RecursionError, OSError) as error:
        problem(WEIGHTS, "", f"cannot be read ({error}): make it with `answerline learn`", False)
    return {}
