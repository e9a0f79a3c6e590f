"""What clues are worth: how likely each label is, by weights learned from labelled texts.

The weights are those of a multinomial logistic regression (`answerline learn`) over the clues of a
text, alone and in pairs, which are the same in every language, and over its words.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import exp
from operator import add
from typing import Final

from bot.understanding.clues import WHOM, Reading
from bot.understanding.intent import Known

SILENT: Final = frozenset({"age_before", "age_after", "months_after", "no_age"})
"""Clues that only help to read an age."""
UNSAFE: Final = ("beyond", "alarm")
"""Groups of clues that change what any other clue is worth."""
MOST_WORDS: Final = 40
"""Words of one text that are looked at."""
MOST_PAIRED: Final = 16
"""Clues of one text that are paired, so that a long text costs no more than others."""

EITHER: Final = "either"
"""Someone who may be a child or an adult."""
SAME: Final = "same"
"""Stands for the answer shown before ("what age tho")."""
OTHER: Final = "audience"
"""Stands for the answer shown before, for the other audience ("and for kids?")."""
LANGUAGE: Final = "language"
"""Stands for a language that is asked for."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights by feature, one for each label."""

    labels: tuple[str, ...] = ()
    by_feature: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Mapping[str, Mapping[str, float]]) -> "Weights":
        """Take a table: by feature, by label. The labels keep their alphabetical order."""
        labels = tuple(sorted({label for row in table.values() for label in row}))
        return cls(
            labels,
            {
                feature: array("f", [row.get(label, 0.0) for label in labels])
                for feature, row in table.items()
            },
        )

    def chances(self, features: Iterable[str]) -> dict[str, float]:
        """Give each label's chance, of 1 in all; empty where nothing was learned."""
        if not self.labels:
            return {}
        scores = [0.0] * len(self.labels)
        for feature in features:
            if (row := self.by_feature.get(feature)) is not None:
                scores = list(map(add, scores, row))
        top = max(scores)
        parts = [exp(score - top) for score in scores]
        whole = sum(parts)
        return {label: part / whole for label, part in zip(self.labels, parts, strict=True)}


def features(reading: Reading, known: Known) -> list[str]:
    """Give what weights are for: clues, pairs of them, how long, how well known, after what."""
    names = set(reading.clues) - SILENT
    if known.audience and not names & set(WHOM):
        names.add(known.audience)
    clues = sorted(names)
    groups = sorted(group for group in reading.groups if group)
    count = len(reading.words)
    length = "1" if count <= 1 else "3" if count <= 3 else "7" if count <= 7 else "more"
    return [
        "any text",
        *clues,
        *(f"{one} & {other}" for one, other in combinations(clues[:MOST_PAIRED], 2)),
        *(f"{group} {min(reading.groups[group], 3)}" for group in groups),
        *(f"{one} | {other}" for one, other in combinations(groups, 2)),
        *(f"{clue} | {group}" for clue in clues for group in groups if group in UNSAFE),
        *(f"word {word}" for word in dict.fromkeys(reading.words[:MOST_WORDS])),
        f"length {length}",
        f"clues {min(len(clues), 4)}",
        f"unknown {min(reading.unknown, 4)}",
        f"guessed {min(reading.guessed, 2)}",
        *(("after an answer",) if known.shown else ()),
    ]


def whom(reading: Reading) -> str:
    """Tell whom a text is about: an audience, EITHER where it may be both, empty if untold."""
    told = [one for one in WHOM if one in reading.clues]
    if not told:
        return ""
    return told[0] if len(told) == 1 and told[0] != "teen" else EITHER
