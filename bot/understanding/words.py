"""Every word that the line knows, in every language, and what each can mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.library import Keyword
from bot.understanding.fold import tokens


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word stands for: `kind` and `value` as in Keyword, and the language it belongs to."""

    kind: str
    value: str
    language: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Meanings by folded word. Words are joined tokens (`car t` is `cart`).

    `longest` is how many tokens the longest word has, `longest_crisis` the same for crisis words:
    no window over a text need be wider.
    """

    meanings: Mapping[str, tuple[Meaning, ...]]
    longest: int
    longest_crisis: int

    @classmethod
    def of(cls, keywords: Iterable[Keyword]) -> "Vocabulary":
        """Gather keywords; the order of a word's meanings is that of the keywords."""
        found: dict[str, dict[Meaning, None]] = {}
        longest = longest_crisis = 0
        for keyword in keywords:
            words = tokens(keyword.text)
            meaning = Meaning(keyword.kind, keyword.value, keyword.language)
            found.setdefault("".join(words), {})[meaning] = None
            # One token more than it is written in, for spellings such as "trans plant".
            longest = max(longest, len(words) + 1)
            if keyword.kind == "crisis":
                longest_crisis = max(longest_crisis, len(words) + 1)
        found.pop("", None)
        return cls({word: tuple(all) for word, all in found.items()}, longest, longest_crisis)
