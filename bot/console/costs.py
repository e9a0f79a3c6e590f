"""Which letters of a reply make it cost double, where another word could do without them."""

from typing import Final

from bot import sms
from bot.library import Edition

ALMOST_ALL: Final = 0.9
"""The share of a language's phrases that cost double from which on all of it does."""


def marked(text: str, edition: Edition) -> tuple[tuple[str, bool], ...]:
    """Split a text in runs, each with whether its letters are those that make it cost double."""
    costly = set() if costs_anyway(edition) else set(sms.costly(text))
    runs: list[tuple[str, bool]] = []
    for char in text:
        if runs and runs[-1][1] == (char in costly):
            runs[-1] = (runs[-1][0] + char, runs[-1][1])
        else:
            runs.append((char, char in costly))
    return tuple(runs)


def costs_anyway(edition: Edition) -> bool:
    """Tell whether texts of a language cost double whatever is changed in them.

    So it is in another script, where a page of drugs' names still has letters that do not cost.
    """
    costly = sum(bool(sms.costly(text)) for text in edition.phrases.values())
    return costly >= len(edition.phrases) * ALMOST_ALL
