"""How known words are found in a row of tokens: by how they begin, and across gaps."""

from typing import Final

HEAD: Final = 3
"""Letters of a word's beginning that are told apart. With all of them, words of twelve languages
took 25 MB more in each process; with three, no more words are looked at than a few."""

GAP: Final = ".."
"""Stands in a keyword for up to WINDOW words (`took .. pills`), which is looked for anywhere."""
WINDOW: Final = 6


def follow(words: list[str], start: int, pieces: tuple[str, ...], window: int = WINDOW) -> int:
    """Give where pieces end that follow in order, the first within a window; 0 if they do not."""
    if not pieces:
        return start
    piece = pieces[0]
    for begin in range(start, min(start + window + 1, len(words))):
        joined = ""
        for end in range(begin, len(words)):
            joined += words[end]
            if joined == piece:
                return follow(words, end + 1, pieces[1:])
            if not piece.startswith(joined):
                break
    return 0
