"""PURE: what has changed on a page since it was recorded, and which answers that touches.

Nothing is kept of a page but fingerprints and facts, so a paragraph that changed is told from one
that went and one that came by where they stand and by the facts that they share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import regex

from bot.facts import normalised
from bot.library import Answer, Document, Paragraph, Section

Kind = Literal["changed", "removed", "added", "moved", "heading"]

Place = tuple[str, int]
"""A section of a page and a paragraph in it, from 1; 0 is the section itself."""

_WORDS: Final = regex.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Change:
    """One change: where in the record (or, for what is new, on the page), and what it is."""

    kind: Kind
    document: str
    place: Place
    what: str

    def __str__(self) -> str:
        section, paragraph = self.place
        where = f"{section}:{paragraph}" if paragraph else section
        return f"{self.document}#{where} {self.kind}: {self.what}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes of a page, its sections as they are now, and where each paragraph stands now.

    `outdated` tells that other facts are recorded of what has not changed: the names that count
    (messages/checks.toml) are others since.
    """

    changes: tuple[Change, ...]
    sections: Mapping[str, Section]
    now: Mapping[Place, Place]
    outdated: bool = False

    def touched(self, answers: Mapping[str, Answer]) -> dict[str, list[Change]]:
        """Give the answers that rest on what changed, each with the changes."""
        found: dict[str, list[Change]] = {}
        for label, answer in answers.items():
            for change in self.changes:
                if any(_rests_on(change, *place) for place in answer.places()):
                    found.setdefault(label, []).append(change)
        return found


def compare(document: Document, page: Sequence[Section]) -> Comparison:
    """Line up a page as it stands with its record, paragraph by paragraph."""
    ids = _ids(document, page)
    changes: list[Change] = []
    now: dict[Place, Place] = {}
    free = {(id, n) for id, one in zip(ids, page, strict=True) for n in _numbers(one)}
    there = dict(zip(ids, page, strict=True))
    for id, section in document.sections.items():  # what stands as it was, first in its own section
        for number, kept in enumerate(section.paragraphs, 1):
            same = [one for one in sorted(free) if _at(there, one).fingerprint == kept.fingerprint]
            same.sort(key=lambda one: (one[0] != id, one[1] != number))
            if same:
                now[id, number] = same[0]
                free.discard(same[0])
    for id, section in document.sections.items():
        gone = [n for n in _numbers(section) if (id, n) not in now]
        come = sorted(n for one, n in free if one == id)
        for old, new in _paired(section, gone, there.get(id), come):
            now[id, old] = (id, new)
            free.discard((id, new))
    for id, section in document.sections.items():
        if id in there and _folded(there[id].heading) != _folded(section.heading):
            said = f"is now {there[id].heading!r}"
            changes.append(Change("heading", document.id, (id, 0), said))
        for number, kept in enumerate(section.paragraphs, 1):
            place = now.get((id, number))
            if place is None:
                what = _named(kept) or "a paragraph"
                changes.append(Change("removed", document.id, (id, number), what))
            elif _at(there, place).fingerprint != kept.fingerprint:
                what = _difference(kept, _at(there, place))
                changes.append(Change("changed", document.id, (id, number), what))
            elif place[0] != id:
                changes.append(Change("moved", document.id, (id, number), f"to {place[0]}"))
    for place in sorted(free):
        what = _named(_at(there, place)) or "a paragraph"
        changes.append(Change("added", document.id, place, what))
    before = ((document.sections[id].paragraphs[n - 1], place) for (id, n), place in now.items())
    outdated = any(
        one.fingerprint == _at(there, place).fingerprint and one != _at(there, place)
        for one, place in before
    )
    return Comparison(tuple(changes), there, now, outdated)


def likeness(document: Document, page: Sequence[Section]) -> int:
    """Count the headings and paragraphs that a page shares with a record."""
    own = {one.fingerprint for section in document.sections.values() for one in section.paragraphs}
    heads = {_folded(section.heading) for section in document.sections.values()}
    return sum(
        (_folded(part.heading) in heads) + sum(one.fingerprint in own for one in part.paragraphs)
        for part in page
    )


def section_id(heading: str, taken: Sequence[str]) -> str:
    """Make a name for a section of its heading."""
    words = _WORDS.findall(_folded(heading))
    name = "-".join(words[:4]) or "section"
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


def _ids(document: Document, page: Sequence[Section]) -> list[str]:
    """Name the sections of a page by those of the record: by heading, else by what stands below."""
    ids: list[str] = [""] * len(page)
    left = dict(document.sections)
    for n, part in enumerate(page):
        same = next(
            (id for id, s in left.items() if _folded(s.heading) == _folded(part.heading)), ""
        )
        if same:
            ids[n] = same
            del left[same]
    for n, part in enumerate(page):
        own = {one.fingerprint for one in part.paragraphs}
        shared = {
            id: sum(one.fingerprint in own for one in section.paragraphs)
            for id, section in left.items()
        }
        best = max(shared, key=lambda one: shared[one], default="")
        if not ids[n] and best and shared[best]:
            ids[n] = best
            del left[best]
    order = list(document.sections)
    for n in range(len(page)):
        if not ids[n] and n < len(order) and order[n] in left:
            ids[n] = order[n]
            del left[order[n]]
    for n, part in enumerate(page):
        ids[n] = ids[n] or section_id(part.heading, [*ids, *document.sections])
    return ids


def _paired(
    section: Section, gone: Sequence[int], part: Section | None, come: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Pair paragraphs that are not there any more with new ones: those most alike first."""
    if part is None:
        return
    pairs = [
        (_alike(section.paragraphs[old - 1], part.paragraphs[new - 1]), -abs(old - new), old, new)
        for old in gone
        for new in come
    ]
    used: set[tuple[str, int]] = set()
    for _, _, old, new in sorted(pairs, reverse=True):
        if not used & {("old", old), ("new", new)}:
            used |= {("old", old), ("new", new)}
            yield old, new


def _alike(one: Paragraph, other: Paragraph) -> float:
    ours, theirs = _facts(one), _facts(other)
    return len(ours & theirs) / max(len(ours | theirs), 1)


def _difference(before: Paragraph, after: Paragraph) -> str:
    lost, new = _facts(before) - _facts(after), _facts(after) - _facts(before)
    hedges = _hedges(after) - _hedges(before)
    said = [
        f"no longer has {', '.join(sorted(lost))}" if lost else "",
        f"now has {', '.join(sorted(new))}" if new else "",
        f"leaves open {abs(hedges)} {'more' if hedges > 0 else 'fewer'}" if hedges else "",
    ]
    return "; ".join(filter(None, said)) or "other words"


def _named(one: Paragraph) -> str:
    facts = ", ".join(sorted(_facts(one)))
    return f"a paragraph with {facts}" if facts else ""


def _facts(one: Paragraph) -> frozenset[str]:
    return frozenset().union(*(claim.facts for claim in one.claims))


def _hedges(one: Paragraph) -> int:
    return sum(claim.hedges for claim in one.claims)


def _rests_on(change: Change, document: str, section: str, paragraph: int) -> bool:
    if (change.document, change.place[0]) != (document, section):
        return False
    return change.kind in ("added", "heading") or change.place[1] == paragraph


def _at(sections: Mapping[str, Section], place: Place) -> Paragraph:
    return sections[place[0]].paragraphs[place[1] - 1]


def _numbers(section: Section) -> range:
    return range(1, len(section.paragraphs) + 1)


def _folded(heading: str) -> str:
    return normalised(heading).casefold()
