"""PURE: how answers, the menu and other replies become pages that keep their budget.

Page boundaries do not depend on who reads: the room for every line that a first page may carry
(the hint to the other audience, the introduction of a first reply) is kept free for everyone. So a
page number means the same in every conversation, and MORE never skips or repeats a sentence.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from bot import sms
from bot.library import ENGLISH, MENU, Edition, Library, audience_of
from bot.model import AUDIENCES
from bot.sms import Budget

LANGUAGES: Final = "languages"

OTHER: Final = {"adult": "child", "child": "adult"}
_MANY: Final = 99


@dataclass(frozen=True, slots=True)
class Page:
    """One page's own text, and which part of its answer (0 is the gist) it comes from."""

    text: str
    part: int


@dataclass(frozen=True, slots=True)
class Screen:
    """Something shown page by page: an answer, the menu, the list of languages.

    `offered` is what numbers pick from once it is shown.
    """

    label: str
    pages: tuple[Page, ...]
    offered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Cuts the library's texts for one budget and one address of short links.

    `base_url` is the address that short links begin with; where it is empty a reply carries the
    full page's address, which no budget could hold, outside of the budget.
    """

    library: Library
    base_url: str = ""
    budget: Budget = field(default_factory=Budget)

    # --- what is shown ---

    @cached_property
    def screens(self) -> dict[tuple[str, str], Screen]:
        """Every screen by (label, language), cut once."""
        screens: dict[tuple[str, str], Screen] = {}
        for language, edition in self.library.editions.items():
            for label in edition.answers:
                screens[label, language] = self._answer(label, edition)
            for audience in AUDIENCES:
                screens[f"{MENU}.{audience}", language] = self._menu(audience, edition)
            screens[LANGUAGES, language] = self._languages(edition)
        return screens

    def screen(self, label: str, language: str) -> Screen:
        """Give a screen in a language (English where the language has no edition)."""
        return self.screens[label, self.library.edition(language).language]

    def show(
        self, label: str, language: str, page: int = 0, *, switch: bool = True, intro: bool = False
    ) -> str:
        """Write page `page` (from 0) of a screen as it is sent.

        `switch` adds how to get the same for the other audience; `intro` the introduction that a
        contact's first reply carries.
        """
        screen = self.screen(label, language)
        edition = self.library.edition(language)
        return self._frame(label, edition, len(screen.pages), page, switch, intro)(
            screen.pages[page].text
        )

    def link(self, label: str, language: str) -> str:
        """Give the address of an answer's full page: short if there is a base, else in full."""
        audience, _, topic = label.partition(".")
        if not self.base_url:
            return self.library.url(audience, language)
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

    def _answer(self, label: str, edition: Edition) -> Screen:
        answer = edition.answers[label]
        parts = (answer.gist, *answer.more)
        keep = self._names
        pages: list[Page] = []
        count = len(parts)
        while True:  # a page's head names how many there are, so cut again until that is so
            pages.clear()
            for part, text in enumerate(parts):
                rest = text
                while rest:
                    frame = self._frame(label, edition, max(count, 2), len(pages), True, True)
                    body, rest = sms.cut(rest, self._fitting(frame), keep)
                    pages.append(Page(body, part))
            if len(str(len(pages))) <= len(str(count)):
                return Screen(label, tuple(pages))
            count = len(pages)

    def _menu(self, audience: str, edition: Edition) -> Screen:
        label, offered = f"{MENU}.{audience}", self.library.labels(audience)
        choices = [self._choice(n, one, edition) for n, one in enumerate(offered, 1)]
        return self._listed(label, edition, choices, offered)

    def _languages(self, edition: Edition) -> Screen:
        others = self.library.editions.values()
        choices = [
            edition.say("choice", number=n, title=other.name) for n, other in enumerate(others, 1)
        ]
        offered = tuple(f"language:{other.language}" for other in others)
        return self._listed(LANGUAGES, edition, choices, offered)

    def _listed(
        self, label: str, edition: Edition, choices: list[str], offered: tuple[str, ...]
    ) -> Screen:
        pages: list[str] = [""]
        if self.fits(self._frame(label, edition, 1, 0, True, True)("\n".join(choices))):
            return Screen(label, (Page("\n".join(choices), 0),), offered)
        for choice in choices:
            longer = f"{pages[-1]}\n{choice}" if pages[-1] else choice
            frame = self._frame(label, edition, _MANY, len(pages) - 1, True, True)
            if pages[-1] and not self.fits(frame(longer)):
                pages.append(choice)
            else:
                pages[-1] = longer
        return Screen(label, tuple(Page(text, 0) for text in pages), offered)

    def _fitting(self, frame: Callable[[str], str]) -> Callable[[str], bool]:
        return lambda body: self.fits(frame(body))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Names of more than one word that no page break may split."""
        words = {k.text for k in self.library.keywords if k.kind == "topic" and " " in k.text}
        return tuple(sorted(words))

    # --- what stands around a page's own text ---

    def _choice(self, number: int, label: str, edition: Edition) -> str:
        title = edition.titles[label.partition(".")[2]]
        return edition.say("choice", number=number, title=title)

    def _frame(
        self, label: str, edition: Edition, pages: int, page: int, switch: bool, intro: bool
    ) -> Callable[[str], str]:
        """Give the function that puts head and foot around the text of page `page` of `pages`."""
        audience = audience_of(label) or label.partition(".")[2]
        last = page == pages - 1
        head, foot = "", []
        if label == LANGUAGES:
            head = edition.say("languages") + "\n" if page == 0 else ""
        elif not audience_of(label):
            head = edition.say(f"menu_{audience}") + "\n" if page == 0 else ""
        elif page == 0:
            head = edition.say(f"for_{audience}") + " "
            if edition.answers[label].language != edition.language:
                head += edition.say("in_english") + " "
        else:
            head = edition.say(f"page_{audience}", page=page + 1, pages=pages) + " "
        hints = [] if last else [edition.say("reply_more")]
        if page == 0 and switch and audience in OTHER:
            hints.append(edition.say(f"reply_{OTHER[audience]}"))
        if last and audience_of(label) and not (page == 0 and hints):
            hints.append(edition.say("reply_menu"))
        foot += [" ".join(hints)] if hints else []
        if page == 0 and audience_of(label):
            foot += [self.link(label, edition.answers[label].language), edition.say("call")]
        if page == 0 and intro:
            foot.append(edition.say("intro"))
        tail = "".join("\n" + line for line in foot)
        return lambda body: f"{head}{body}{tail}"


def next_page(layout: Layout, label: str, page: int, read_in: str, language: str) -> int:
    """Tell which page comes after `page`, as read in one language, in another (or the same) one.

    Languages differ in how many pages a part takes, so the parts decide: a part that was read to
    its end is followed by the next one, an unfinished one begins again, so that nothing is left
    out. Returns a number past the last page where nothing is left.
    """
    if layout.library.edition(read_in).language == layout.library.edition(language).language:
        return page + 1
    before = layout.screen(label, read_in).pages
    after = layout.screen(label, language).pages
    page = min(page, len(before) - 1)
    unfinished = page + 1 < len(before) and before[page + 1].part == before[page].part
    wanted = before[page].part + (0 if unfinished else 1)
    return next((n for n, one in enumerate(after) if one.part >= wanted), len(after))


__all__ = ["ENGLISH", "LANGUAGES", "OTHER", "Layout", "Page", "Screen", "next_page"]
