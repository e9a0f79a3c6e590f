"""How a text is drawn in the terminal."""

from textwrap import wrap
from typing import Final

WIDTH: Final = 44


def bubble(text: str) -> str:
    """Draw a message as a bubble; a link is never broken, so that it can be followed."""
    if not text:
        return "(nothing is sent)"
    lines = [
        part
        for line in text.split("\n")
        for part in wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    return "\n".join(("╭", *(f"│ {line}" for line in lines), "╰"))
