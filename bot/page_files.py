"""Read a source page as it stands, saved as plain text or HTML, in sections and paragraphs.

HTML is parsed by selectolax. What stands before the first heading, or in the frame around a page
(menus, footers), is no part of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.facts import normalised

SUFFIXES: Final = (".txt", ".html", ".htm")
LONGEST_HEADING: Final = 15
"""Words that a line of plain text may have to be a heading."""
LARGEST: Final = 5_000_000
"""Bytes of a page's file."""

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS: Final = _HEADINGS | {
    "p", "li", "dt", "dd", "td", "th", "div", "section", "article", "main", "body", "blockquote",
    "figcaption", "caption", "pre", "ul", "ol", "table", "tr",
}  # fmt: skip
_FRAME: Final = (
    "nav, footer, aside, script, style, noscript, template, form, button, svg, "
    "[hidden], [aria-hidden=true], [role=navigation]"
)
_ITEM: Final = regex.compile(r"\s*[•·▪◦*-]\s")
_BULLET: Final = "• "


class UnreadableError(Exception):
    """A page that cannot be read; the text says which, and why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a page as it stands: its heading, and its paragraphs with their lists."""

    heading: str
    paragraphs: tuple[str, ...]


def read(path: Path, leave_out: Iterable[str] = (), ends_at: str = "") -> tuple[Part, ...]:
    """Read a page from a file; UnreadableError says why not. See `parts`."""
    try:
        if path.stat().st_size > LARGEST:
            raise UnreadableError(f"{path}: is larger than {LARGEST // 1_000_000} MB")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: {error}") from error
    return parts(text, path.name, leave_out, ends_at)


def parts(
    text: str, name: str, leave_out: Iterable[str] = (), ends_at: str = ""
) -> tuple[Part, ...]:
    """Cut a page in sections; raise UnreadableError where there is no heading or no paragraph.

    `name` tells what it is, HTML by its ending. Paragraphs that begin as one of `leave_out` are
    left out; from the heading `ends_at` on all is.
    """
    if "\0" in text:
        raise UnreadableError(f"{name}: is no text")
    blocks = _of_html(text) if name.lower().endswith((".html", ".htm")) else _of_text(text)
    begins = tuple(normalised(one).casefold() for one in leave_out)
    end = normalised(ends_at).casefold()
    found: list[tuple[str, list[str]]] = []
    for is_heading, block in blocks:
        folded = normalised(block).casefold()
        if end and folded == end:
            break
        if begins and folded.startswith(begins):
            continue
        if is_heading:
            found.append((block, []))
        elif found and _ITEM.match(block) and found[-1][1]:
            found[-1][1][-1] += f"\n{block}"  # a list belongs to what introduces it
        elif found:
            found[-1][1].append(block)
    kept = tuple(Part(heading, tuple(paragraphs)) for heading, paragraphs in found if paragraphs)
    if not kept:
        raise UnreadableError(f"{name}: has no heading with a paragraph below it")
    return kept


def _of_text(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (is it a heading, block); items of lists one by one."""
    for block in regex.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = [line.strip() for line in block.strip().split("\n") if line.strip()]
        if len(lines) == 1 and _is_heading(lines[0]):
            yield True, lines[0]
            continue
        joined: list[str] = []
        for line in lines:
            if joined and not _ITEM.match(line):
                joined[-1] += f" {line}"
            else:
                joined.append(line)
        yield from ((False, one) for one in joined)


def _is_heading(line: str) -> bool:
    short = len(line.split()) <= LONGEST_HEADING and not regex.search(r"[.:;,!?|]$", line)
    return short and not _ITEM.match(line) and bool(regex.search(r"\p{L}", line))


def _of_html(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (is it a heading, block): the text of each block element by itself."""
    page = LexborHTMLParser(text)
    for node in page.css(_FRAME):
        node.decompose()
    root = page.css_first("main, [role=main]") or page.css_first("article") or page.body
    blocks: list[tuple[LexborNode, list[str]]] = []
    for node in root.traverse(include_text=True) if root else ():
        if node.tag == "-text":
            block = _block(node)
            if not blocks or blocks[-1][0].mem_id != block.mem_id:
                blocks.append((block, []))
            blocks[-1][1].append(node.text(deep=False))
        elif node.tag == "br" and blocks:
            blocks[-1][1].append(" ")
    for block, found in blocks:
        said = " ".join("".join(found).split())
        if said:
            yield block.tag in _HEADINGS, f"{_BULLET}{said}" if _is_item(block) else said


def _block(node: LexborNode) -> LexborNode:
    """Give the block that a text belongs to; inside a heading or an item, that one."""
    parent = node.parent
    while parent is not None and parent.tag not in _BLOCKS:
        parent = parent.parent
    assert parent is not None  # noqa: S101 - the root is one
    outer = parent
    while outer.tag in ("p", "div", "section") and outer.parent is not None:
        outer = outer.parent
        if outer.tag in _HEADINGS or outer.tag == "li":
            return outer
    return parent


def _is_item(block: LexborNode) -> bool:
    return block.tag in ("li", "dd")
