"""Words with a slip in them: the keywords that a misspelt message may stand for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

SHORTEST: Final = 5
"""Letters below which a message is never taken for a misspelt keyword."""
LONGEST: Final = 40
ENDS: Final = 2
"""Letters at one end of a word that are right where there is one slip in it."""


@dataclass(frozen=True, slots=True)
class Slips:
    """Words by how they begin, and by how they end, with spaces between."""

    beginning: Mapping[str, str] = field(default_factory=dict)
    ending: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, words: Iterable[str]) -> "Slips":
        """Gather words; short ones are left out."""
        beginning: dict[str, list[str]] = defaultdict(list)
        ending: dict[str, list[str]] = defaultdict(list)
        for word in words:
            if len(word) >= SHORTEST - 1:
                beginning[word[:ENDS]].append(word)
                ending[word[-ENDS:]].append(word)
        return cls(
            {part: " ".join(all) for part, all in beginning.items()},
            {part: " ".join(all) for part, all in ending.items()},
        )

    def near(self, word: str) -> list[str]:
        """Give the words that one letter more, less, changed or swapped makes of this one."""
        if not SHORTEST <= len(word) <= LONGEST:
            return []
        alike = f"{self.beginning.get(word[:ENDS], '')} {self.ending.get(word[-ENDS:], '')}"
        lengths = range(len(word) - 1, len(word) + 2)
        near = [one for one in alike.split() if len(one) in lengths]
        found = extract(word, near, scorer=OSA.distance, score_cutoff=1, limit=None)
        return list(dict.fromkeys(one for one, _, _ in found))
