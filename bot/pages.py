"""PURE: how answers, the menu and other replies become pages that keep their budget.

An answer is a row of parts: the gist, then what MORE sends. A page takes as many whole sentences as
it holds; only one that no page holds is cut. The first reply in a language carries more lines than
the later ones (the introduction, and that the translation is a draft), so each screen is cut twice:
as an *opening* and as what comes after. Apart from that, page boundaries do not depend on who
reads, so that MORE never skips a sentence.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial, reduce
from itertools import takewhile
from typing import Final

from bot import sms
from bot.library import ENGLISH, MENU, Edition, Library, audience_of
from bot.sms import Budget

LANGUAGES: Final = "languages"
NO_LANGUAGE: Final = "no_language"
"""The list of languages for someone who asked for one that is not there."""

OTHER: Final = {"adult": "child", "child": "adult"}
_MANY: Final = 99
MOST_SHOWN: Final = 2000
"""Pages that are remembered as they were sent: a megabyte or so."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page's own text, and the first and last part of its answer (0 is the gist) in it."""

    text: str
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Screen:
    """Something shown page by page: an answer, the menu, the list of languages.

    `offered` is what numbers pick from once it is shown.
    """

    label: str
    pages: tuple[Page, ...]
    offered: tuple[str, ...] = ()

    @property
    def gist_is_whole(self) -> bool:
        """Tell whether the first page holds the whole gist."""
        return sum(page.first == 0 for page in self.pages) == 1


Key = tuple[str, str, bool]
"""A screen's label and language, and whether it is cut as an opening."""


@dataclass(frozen=True)
class Layout:
    """Cuts the library's texts for one budget and one address of short links.

    `base_url` is the address that short links begin with; where it is empty a reply carries the
    full page's address, which no budget could hold, outside of the budget. `cut` are the screens
    of this very layout, where they have been cut before.
    """

    library: Library
    base_url: str = ""
    budget: Budget = field(default_factory=Budget)
    cut: Mapping[Key, Screen] | None = None

    # --- what is shown ---

    @cached_property
    def screens(self) -> Mapping[Key, Screen]:
        """Every screen, cut once."""
        if self.cut is not None:
            return self.cut
        screens: dict[Key, Screen] = {}
        for language, edition in self.library.editions.items():
            for opening in (False, True):
                for label in edition.answers:
                    screens[label, language, opening] = self._answer(label, edition, opening)
                for audience in self.library.audiences:
                    menu = self._menu(audience, edition, opening)
                    screens[menu.label, language, opening] = menu
                for label in (LANGUAGES, NO_LANGUAGE):
                    screens[label, language, opening] = self._languages(label, edition, opening)
        return screens

    def screen(self, label: str, language: str, opening: bool = False) -> Screen:
        """Give a screen in a language (English where the language has no edition)."""
        return self.screens[label, self.library.edition(language).language, opening]

    def show(
        self,
        label: str,
        language: str,
        page: int = 0,
        *,
        opening: bool = False,
        switch: bool = True,
        extras: Sequence[str] = (),
    ) -> str:
        """Write page `page` (from 0) of a screen as it is sent.

        `switch` adds how to get the same for the other audience, `extras` are further lines for a
        first page (see `opening_lines`); either only as far as the budget allows.
        """
        asked = (label, language, page, opening, switch, tuple(extras))
        text = self._shown.get(asked)
        if text is None:
            if len(self._shown) >= MOST_SHOWN:
                self._shown.clear()
            text = self._shown[asked] = self._written(*asked)
        return text

    @cached_property
    def _shown(self) -> dict[tuple[object, ...], str]:
        """Pages as they were sent, as the same ones are sent again and again."""
        return {}

    def _written(
        self,
        label: str,
        language: str,
        page: int,
        opening: bool,
        switch: bool,
        extras: tuple[str, ...],
    ) -> str:
        screen = self.screen(label, language, opening)
        edition, count = self.library.edition(language), len(screen.pages)
        body = screen.pages[page].text
        head, foot = self._frame(label, edition, page, count, switch and page == 0)
        if switch and not self.fits(f"{head}{body}{foot}"):
            head, foot = self._frame(label, edition, page, count, False)
        return self.lines([f"{head}{body}{foot}"], *(extras if page == 0 else ()))

    def opening_lines(self, edition: Edition) -> tuple[str, ...]:
        """Give what the first reply of all, and the first one in a draft language, says besides."""
        draft = (edition.say("draft", english=ENGLISH.upper()),) if edition.draft else ()
        return (edition.say("intro"), *draft)

    def link(self, label: str, language: str) -> str:
        """Give the address of an answer's full page: short if there is a base, else in full."""
        audience, _, topic = label.partition(".")
        if not self.base_url:
            return self.library.url(label, language)
        code = self.library.topics[topic].link
        return f"{self.base_url}/{audience[0]}{code}/{self.library.edition(language).tag}"

    def fits(self, text: str) -> bool:
        """Tell whether a reply keeps the budget; a full address in it does not count."""
        if not self.base_url:
            for document in self.library.documents.values():
                for url in document.urls.values():
                    text = text.replace(f"{url}\n", "")
        return sms.fits(text, self.budget)

    def lines(self, needed: Iterable[str], *extras: str) -> str:
        """Join the needed lines, and as many of the extra ones, in order, as the budget allows."""
        text = "\n".join(needed)
        for extra in extras:
            if self.fits(f"{text}\n{extra}"):
                text = f"{text}\n{extra}"
        return text

    def begun(self, text: str, language: str) -> tuple[str, str]:
        """Cut a reply that no page holds: what is sent now, with how to go on, and the rest."""
        edition = self.library.edition(language)
        hint = edition.say("reply_more")
        body, rest = sms.cut(
            text, lambda page: self.fits(f"{page}\n{hint}"), self._names[edition.language]
        )
        return f"{body}\n{hint}", rest

    def near(self, labels: Iterable[str], language: str) -> tuple[str, tuple[str, ...]]:
        """Write "I can't answer that" with topics to pick from: the text, and what it offers.

        Choices that do not fit are left out from the end.
        """
        edition = self.library.edition(language)
        offered: tuple[str, ...] = ()
        head, call = edition.say("unknown_near"), edition.say("call")
        text = ""
        for label in labels:
            more = (*offered, label)
            choices = [self._choice(n, one, edition) for n, one in enumerate(more, 1)]
            longer = "\n".join((head, *choices, call))
            if not self.fits(longer):
                break
            text, offered = longer, more
        return (text, offered) if offered else (edition.say("unknown"), ())

    # --- cutting ---

    def _answer(self, label: str, edition: Edition, opening: bool) -> Screen:
        """Cut an answer, keeping room for every line that may stand on its first page.

        Where that leaves too little for the gist, first the lines of an opening go (they come with
        a later reply) and then the hint to the other audience.
        """
        answer = edition.answers[label]
        parts = answer.texts
        screen = None
        for switch, extras in ((True, opening), (True, False), (False, False)):
            try:
                screen = Screen(label, self._pages(label, edition, parts, switch, extras))
            except ValueError:
                if not switch:
                    raise
                continue
            if screen.gist_is_whole:
                break
        assert screen is not None  # noqa: S101 - the last try gave a screen or raised
        return screen

    def _pages(
        self, label: str, edition: Edition, parts: Sequence[str], switch: bool, extras: bool
    ) -> tuple[Page, ...]:
        """Fill pages with whole sentences; ValueError where a page has no room for a grapheme."""
        count = max(len(parts), 2)
        while True:  # a page's head names how many there are, so cut again until that is so
            pages: list[Page] = []
            for part, text in enumerate(parts):
                rest, final = text, part == len(parts) - 1
                if pages:
                    room = self._room(label, edition, len(pages) - 1, count, switch, extras)
                    before = pages[-1]
                    if end := _taken(room, before.text, rest, final):
                        pages[-1] = Page(joined(before.text, rest[:end]), before.first, part)
                        rest = rest[end:].lstrip()
                while rest:
                    room = self._room(label, edition, len(pages), count, switch, extras)
                    if end := _taken(room, "", rest, final):
                        body, rest = rest[:end], rest[end:].lstrip()
                    else:
                        fits = partial(_fits, room, rest, final)
                        body, rest = sms.cut(rest, fits, self._names[edition.language])
                    pages.append(Page(body, part, part))
            if len(str(len(pages))) <= len(str(count)):
                return tuple(pages)
            count = len(pages)

    def _room(
        self, label: str, edition: Edition, page: int, count: int, switch: bool, extras: bool
    ) -> Callable[[str, bool], bool]:
        """Give the function that tells whether a text fits on page `page`, as the last one or not.

        `count` is how many pages its head may name at least.
        """
        first = page == 0
        lines = self.opening_lines(edition) if extras and first else ()
        after = "".join(f"\n{line}" for line in lines)
        # With the hint to the other audience and, as some are not shown it, without.
        frames = [
            [self._frame(label, edition, page, pages, one) for one in {switch and first, False}]
            for pages in (max(count, page + 2), page + 1)
        ]

        def fits(body: str, last: bool) -> bool:
            return all(self.fits(f"{head}{body}{foot}{after}") for head, foot in frames[last])

        return fits

    def _menu(self, audience: str, edition: Edition, opening: bool) -> Screen:
        label, offered = f"{MENU}.{audience}", self.library.labels(audience)
        choices = [self._choice(n, one, edition) for n, one in enumerate(offered, 1)]
        return self._listed(label, edition, choices, offered, opening)

    def _languages(self, label: str, edition: Edition, opening: bool) -> Screen:
        others = self.library.editions.values()
        choices = [
            edition.say("choice", number=n, title=other.name) for n, other in enumerate(others, 1)
        ]
        offered = tuple(f"language:{other.language}" for other in others)
        return self._listed(label, edition, choices, offered, opening)

    def _listed(
        self,
        label: str,
        edition: Edition,
        choices: Sequence[str],
        offered: tuple[str, ...],
        opening: bool,
    ) -> Screen:
        reserves = ((True, opening), (True, False), (False, False))
        enough = (
            one for one in reserves
            if self._room(label, edition, 0, _MANY, *one)(choices[0], False)
        )  # fmt: skip
        switch, extras = next(enough, reserves[-1])
        pages = [choices[0]]
        for choice in choices[1:]:
            longer = f"{pages[-1]}\n{choice}"
            room = self._room(label, edition, len(pages) - 1, _MANY, switch, extras)
            pages[-1:] = [longer] if room(longer, False) else [pages[-1], choice]
        whole = "\n".join(choices)
        if self._room(label, edition, 0, _MANY, switch, extras)(whole, True):
            pages = [whole]  # which has no need of the word for more
        return Screen(label, tuple(Page(text) for text in pages), offered)

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        """Names of more than one word in each language, which no page break may split."""
        known: dict[str, set[str]] = {}
        for keyword in self.library.keywords:
            if keyword.kind == "topic" and " " in keyword.text:
                known.setdefault(keyword.language, set()).add(keyword.text)
        names = {}
        for language, edition in self.library.editions.items():
            texts = [*edition.phrases.values()]
            for answer in edition.answers.values():
                texts += answer.texts
            said = "\n".join(texts)
            own = known.get(ENGLISH, set()) | known.get(language, set())
            names[language] = tuple(sorted(name for name in own if name in said))
        return names

    # --- what stands around a page's own text ---

    def _choice(self, number: int, label: str, edition: Edition) -> str:
        title = edition.titles[label.partition(".")[2]]
        return edition.say("choice", number=number, title=title)

    def _frame(
        self, label: str, edition: Edition, page: int, pages: int, switch: bool
    ) -> tuple[str, str]:
        """Give what stands before and after the text of page `page` of `pages`."""
        audience = audience_of(label) or label.partition(".")[2]
        answer = edition.answers.get(label)
        last, head, foot = page == pages - 1, "", []
        if answer is None:
            head = self._head(label, edition) + "\n" if page == 0 else ""
        elif page == 0:
            head = edition.say(f"for_{audience}")
            if answer.language != edition.language:
                head = joined(head, edition.say("in_english"))
        else:
            head = edition.say(f"page_{audience}", page=page + 1, pages=pages)
        if answer is not None:
            head = joined(head, "")
        hints = [] if last else [edition.say("reply_more")]
        if switch and OTHER.get(audience) in self.library.audiences:
            hints.append(edition.say(f"reply_{OTHER[audience]}"))
        if last and answer is not None and not (page == 0 and hints):
            hints.append(edition.say("reply_menu"))
        foot += [reduce(joined, hints)] if hints else []
        if page == 0 and answer is not None:
            foot += [self.link_line(label, edition), edition.say("call")]
        return head, "".join(f"\n{line}" for line in foot)

    def _head(self, label: str, edition: Edition) -> str:
        if label == NO_LANGUAGE:
            others = map(self.library.edition, self.library.prescribed)
            said = dict.fromkeys(other.say("no_such_language") for other in others)
            return "\n".join((*said, edition.say("call")))
        return edition.say(LANGUAGES if label == LANGUAGES else label.replace(".", "_"))

    def link_line(self, label: str, edition: Edition) -> str:
        """Write the line with an answer's link, which says where it leads to English only.

        A short link does not: behind it is a page in the reader's own language.
        """
        language = edition.answers[label].language
        link = self.link(label, language)
        if self.base_url or language in (ENGLISH, *self.library.document(label).urls):
            return link
        return joined(edition.say("link_in_english"), link)


def joined(first: str, second: str) -> str:
    """Put two texts on one line, with a space but after the wide punctuation of Chinese."""
    wide = unicodedata.east_asian_width(first[-1:] or " ") in "WF"
    return f"{first}{second}" if wide else f"{first} {second}"


def _fits(room: Callable[[str, bool], bool], rest: str, final: bool, body: str) -> bool:
    """Tell whether a text fits on a page: the last one if it is all the rest of the final text."""
    return room(body, final and body == rest)


def _taken(room: Callable[[str, bool], bool], before: str, rest: str, final: bool) -> int:
    """Tell how much of a text a page takes after what it holds before: whole sentences, or 0.

    `final` says that no other text follows, so that a page that takes all of it is the last one.
    """

    def fits(end: int) -> bool:
        text = joined(before, rest[:end]) if before else rest[:end]
        return room(text, final and end == len(rest))

    if fits(len(rest)):
        return len(rest)
    return max(takewhile(fits, sms.sentence_ends(rest)), default=0)


def next_page(
    layout: Layout, label: str, page: int, read: tuple[str, bool], now: tuple[str, bool]
) -> int:
    """Tell which page comes after `page`, as read in one cut of a screen, in another one.

    `read` and `now` are a language and whether it is the opening. Cuts differ in where pages end,
    so the parts decide: a part that was read to its end is followed by the next one, an unfinished
    one begins again, so that nothing is left out. Returns a number past the last page where nothing
    is left.
    """
    before, after = layout.screen(label, *read).pages, layout.screen(label, *now).pages
    if before == after:
        return page + 1
    page = min(page, len(before) - 1)
    unfinished = page + 1 < len(before) and before[page + 1].first == before[page].last
    wanted = before[page].last + (0 if unfinished else 1)
    return next((n for n, one in enumerate(after) if one.last >= wanted), len(after))


__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "NO_LANGUAGE",
    "OTHER",
    "Layout",
    "Page",
    "Screen",
    "joined",
    "next_page",
]
