"""Leave out of a text whatever may tell who wrote it: only words that the line knows stay."""

from typing import Final

import regex

from bot.understanding.fold import fold
from bot.understanding.words import Vocabulary

LEFT_OUT: Final = "…"
DIGITS: Final = "#"
LONGEST: Final = 300
"""Characters of a text that are looked at."""

_PIECE: Final = regex.compile(
    r"(?P<address>\S*(?:@|://|www\.|\.(?:ca|com|org|net)\b)\S*)"
    r"|(?P<digits>[+(]*\p{Nd}(?:[\p{Nd}\s().-]*\p{Nd})?)"
    r"|(?P<word>\p{L}[\p{L}\p{M}'\u2019]*)|(?P<sign>[?!.,])"
)


def scrubbed(text: str, vocabulary: Vocabulary) -> str:
    """Keep the words of a text that are in the line's own lists; ages and numbers become `#`.

    Names are in no list, and those that are ordinary words too (Rose, Hope) are written with a
    capital inside of a sentence, which only drugs and other words of the topics may be.
    """
    kept: list[str] = []
    begins = True
    for piece in _PIECE.finditer(text[:LONGEST]):
        what, said = piece.lastgroup, piece.group()
        if what == "sign":
            kept[-1:] = [f"{kept[-1]}{said}" if kept else said]
            begins = said != ","
            continue
        new = DIGITS if what == "digits" else LEFT_OUT
        if what == "word":
            new = _kept(said, vocabulary, begins)
        if not kept or new != LEFT_OUT or kept[-1] != LEFT_OUT:
            kept.append(new)
        begins = False
    return " ".join(kept)


def _kept(word: str, vocabulary: Vocabulary, begins: bool) -> str:
    folded = fold(word).strip("'\u2019 ")
    meanings = vocabulary.meanings.get(folded, ())
    if any(meaning.kind in ("topic", "command", "carrier") for meaning in meanings):
        return word
    if word.istitle() and not begins:
        return LEFT_OUT
    lexicon = vocabulary.lexicon
    if lexicon.words.exactly(folded) or lexicon.stems.exactly(folded) or meanings:
        return word
    if folded >= "\u2e80":
        return _kept_without_spaces(folded, vocabulary)
    return LEFT_OUT


def _kept_without_spaces(text: str, vocabulary: Vocabulary) -> str:
    """Keep the known words of a script that writes none apart, the longest from the left.

    Not those of one letter: names are made of them.
    """
    kept, start = "", 0
    while start < len(text):
        lengths = [length for length, _ in vocabulary.lexicon.words.at(text[start:]) if length > 1]
        if lengths:
            kept += text[start : start + lengths[-1]]
        elif not kept.endswith(LEFT_OUT):
            kept += LEFT_OUT
        start += lengths[-1] if lengths else 1
    return kept
