"""Write what is recorded of source pages: messages/documents.toml, and citations in the topics.

Files that people write keep their order and remarks (tomlkit).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT, Array, InlineTable

from bot.compare import Comparison, Place, section_id
from bot.library import Document, Paragraph, Section, Source
from bot.schema import CITATION, FIRM, source

DOCUMENTS: Final = "messages/documents.toml"
TOPICS: Final = "messages/topics"
LONGEST_LINK: Final = 6
STEP: Final = 10
"""Between two places in the menu, so that one can come between."""


@dataclass(frozen=True, slots=True)
class NewPage:
    """What a person tells of a page that is added; each text by language."""

    id: str
    audience: str
    publisher: Mapping[str, str]
    url: Mapping[str, str]
    title: Mapping[str, str]
    leave_out: tuple[str, ...] = ()
    ends_at: str = ""


class ThereAlreadyError(Exception):
    """A page whose name is taken."""


def accept(root: Path, document: Document, found: Comparison, on: date) -> list[Path]:
    """Record a page as it is now, and let citations follow paragraphs that moved.

    Returns the topics that were changed. A citation of a paragraph that went is dropped, so that
    `check` asks for another.
    """
    path = root / DOCUMENTS
    file = tomlkit.parse(path.read_text(encoding="utf-8"))
    table: Any = file[document.id]
    table["compared"] = on
    if found.sections != document.sections:
        table["sections"] = _sections(found.sections)
    path.write_text(tomlkit.dumps(file), encoding="utf-8")
    return _recite(root, document.id, found.now)


def add(root: Path, page: NewPage, sections: Mapping[str, Section], on: date) -> list[Path]:
    """Record a new page, and write a topic for each of its sections, for a person to fill in.

    Returns the topics written: citations are there, texts are empty. A topic that is there
    already, with no part for this audience, gets one.
    """
    path = root / DOCUMENTS
    file = _open(path)
    if page.id in file:
        raise ThereAlreadyError(f"{page.id!r} is in {DOCUMENTS} already")
    table = tomlkit.table()
    table["audience"] = page.audience
    table["compared"] = on
    if page.leave_out:
        table["leave_out"] = list(page.leave_out)
    if page.ends_at:
        table["ends_at"] = page.ends_at
    for name, texts in (("publisher", page.publisher), ("title", page.title), ("url", page.url)):
        table[name] = dict(texts)
    table["sections"] = _sections(sections)
    file.add(tomlkit.nl())
    file[page.id] = table
    path.write_text(tomlkit.dumps(file), encoding="utf-8")
    return [_skeleton(root, page, name, section) for name, section in sections.items()]


def named(page: tuple[Section, ...]) -> dict[str, Section]:
    """Name the sections of a page that is not recorded yet; the first is its introduction."""
    found: dict[str, Section] = {}
    for number, section in enumerate(page):
        name = section_id(section.heading, list(found)) if number else "introduction"
        found[name] = section
    return found


def _open(path: Path) -> tomlkit.TOMLDocument:
    if path.exists():
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    file = tomlkit.document()
    file.add(tomlkit.comment("The number that every answer gives."))
    file["support_line"] = ""
    return file


def _sections(sections: Mapping[str, Section]) -> AoT:
    rows = tomlkit.aot()
    for id, section in sections.items():
        row = tomlkit.table()
        row["id"] = id
        row["heading"] = section.heading
        paragraphs = tomlkit.array()
        for one in section.paragraphs:
            paragraphs.append(_paragraph(one))
        row["paragraphs"] = paragraphs.multiline(True)
        rows.append(row)
    return rows


def _paragraph(one: Paragraph) -> InlineTable:
    kept = tomlkit.inline_table()
    kept["fingerprint"] = one.fingerprint
    kept["hedges"] = [claim.hedges for claim in one.claims]
    kept["facts"] = [", ".join(sorted(claim.facts)) for claim in one.claims]
    return kept


def _recite(root: Path, document: str, moved: Mapping[Place, Place]) -> list[Path]:
    changed = []
    for path in sorted((root / TOPICS).glob("*.toml")):
        file = tomlkit.parse(path.read_text(encoding="utf-8"))
        before = tomlkit.dumps(file)
        for part in file.values():
            if not isinstance(part, Mapping) or "source" not in part:
                continue
            table: Any = part
            own = str(table["source"])
            table["gist"] = _recited(str(table["gist"]), own, document, moved)
            more = table.get("more", [])
            for number, text in enumerate(more):
                said = _recited(str(text), own, document, moved)
                if isinstance(more, Array) and said != str(text):
                    more[number] = said
        after = tomlkit.dumps(file)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def _recited(text: str, own: str, document: str, moved: Mapping[Place, Place]) -> str:
    def now(match: re.Match[str]) -> str:
        kept: list[str] = []
        for one in (part.strip() for part in match["sources"].split(",")):
            if one == FIRM:
                kept.append(one)
                continue
            cited = source(one, own)
            places = [cited] if cited.document != document else list(_moved(cited, moved))
            kept += [str(place).removeprefix(f"{own}#") for place in places]
        return f"[{', '.join(dict.fromkeys(kept))}]"

    return CITATION.sub(now, text)


def _moved(cited: Source, moved: Mapping[Place, Place]) -> list[Source]:
    """Give where what was cited stands now, as few citations as it takes."""
    places = [
        place
        for number in range(cited.first, cited.last + 1)
        if (place := moved.get((cited.section, number)))
    ]
    found: list[Source] = []
    for section, number in places:
        last = found[-1] if found else None
        if last and last.section == section and last.last + 1 == number:
            found[-1] = Source(cited.document, section, last.first, number)
        else:
            found.append(Source(cited.document, section, number, number, cited.begin, cited.end))
    return found


def _skeleton(root: Path, page: NewPage, name: str, section: Section) -> Path:
    folder = root / TOPICS
    folder.mkdir(exist_ok=True)
    id = name if name != "introduction" else page.id
    path = folder / f"{id}.toml"
    if path.exists() and page.audience in tomlkit.parse(path.read_text(encoding="utf-8")):
        id = f"{page.id}-{name}"
        path = folder / f"{id}.toml"
    file = tomlkit.document()
    if path.exists():
        file = tomlkit.parse(path.read_text(encoding="utf-8"))
        file.add(tomlkit.nl())
    else:
        there = [tomlkit.parse(one.read_text(encoding="utf-8")) for one in folder.glob("*.toml")]
        file["title"] = ""
        file["order"] = max((int(one.get("order", 0)) for one in there), default=0) + STEP
        file["link"] = _link(id, {str(one.get("link", "")) for one in there})
        file["keywords"] = ""
        file.add(tomlkit.nl())
    part = tomlkit.table()
    part["source"] = page.id
    first, *rest = [f"[{name}:{number}]" for number in range(1, len(section.paragraphs) + 1)]
    part["gist"] = first
    part["more"] = tomlkit.array()
    for one in rest:
        part["more"].append(one)
    file[page.audience] = part
    path.write_text(tomlkit.dumps(file), encoding="utf-8")
    return path


def _link(id: str, taken: set[str]) -> str:
    letters = re.sub(r"[^a-z0-9]", "", id) or "t"
    link, number = letters[:LONGEST_LINK], 2
    while link in taken:
        tail = str(number)
        link, number = f"{letters[: LONGEST_LINK - len(tail)]}{tail}", number + 1
    return link
