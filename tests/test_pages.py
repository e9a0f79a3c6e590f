"""Pages of content that the project does not have: long, wide, many."""

from dataclasses import replace

import pytest

from bot import sms
from bot.library import Edition, Library
from bot.line import Line
from bot.pages import Layout, Screen, next_page

from .conftest import BASE_URL


def changed(library: Library, **changes: object) -> Library:
    """A library whose English edition is changed."""
    english = replace(library.editions["en"], **changes)  # type: ignore[arg-type]
    return replace(library, editions={**library.editions, "en": english})


@pytest.fixture
def english(line_library: Library) -> Edition:
    return line_library.editions["en"]


@pytest.fixture
def line_library(line: Line) -> Library:
    return line.library


def shown(layout: Layout, label: str) -> list[str]:
    screen = layout.screen(label, "en")
    return [layout.show(label, "en", page) for page in range(len(screen.pages))]


def test_an_answer_of_many_pages_counts_them_right(line_library: Library, english: Edition) -> None:
    cart = english.answers["adult.cart"]
    long = replace(cart, more=tuple(f"Part {n}. " + "Many plain words. " * 20 for n in range(8)))
    layout = Layout(
        changed(line_library, answers={**english.answers, "adult.cart": long}), BASE_URL
    )
    pages = shown(layout, "adult.cart")
    assert len(pages) == 12
    assert all(layout.fits(page) for page in pages)
    assert pages[9].startswith("Adults 10/12: ")
    assert pages[10].endswith("Reply MORE.")
    assert pages[11].endswith("MENU: other topics.")


def test_a_menu_of_many_topics_goes_on_with_more(line_library: Library, english: Edition) -> None:
    titles = {id: f"{title} " + "and so on " * 4 for id, title in english.titles.items()}
    layout = Layout(changed(line_library, titles=titles), BASE_URL)
    pages = shown(layout, "menu.adult")
    assert len(pages) == 3
    assert all(layout.fits(page) for page in pages)
    assert pages[0].endswith("\nReply MORE. For a child: CHILD.")
    assert pages[1].endswith("\nReply MORE.")
    assert len(layout.screen("menu.adult", "en").offered) == len(line_library.labels("adult"))
    assert "MORE" not in pages[2]
    numbers = [int(line.split()[0]) for page in pages for line in page.split("\n") if line[0] < "A"]
    assert numbers == list(range(1, len(line_library.labels("adult")) + 1))


def test_choices_that_do_not_fit_are_left_out(line_library: Library, english: Edition) -> None:
    labels = ("adult.cart", "adult.chemo", "adult.cns")
    titles = {**english.titles, "chemo": "x" * 155}
    layout = Layout(changed(line_library, titles=titles), BASE_URL)
    text, offered = layout.near(labels, "en")
    assert offered == ("adult.cart",)
    assert text.endswith(f"1 {english.titles['cart']}\n{english.phrases['call']}")
    text, offered = layout.near(("adult.chemo",), "en")
    assert offered == ("adult.chemo",)
    wide = Layout(changed(line_library, titles={**titles, "chemo": "x" * 400}), BASE_URL)
    assert wide.near(("adult.chemo",), "en") == (english.phrases["unknown"], ())


def test_extra_lines_come_as_the_budget_allows(line_library: Library) -> None:
    layout = Layout(line_library, BASE_URL, sms.Budget(1, 1))
    assert layout.lines(["x" * 150], "y" * 10, "z" * 8) == "x" * 150 + "\n" + "z" * 8
    assert layout.lines(["x"], "y", "z") == "x\ny\nz"


def test_more_in_a_language_with_other_pages(line_library: Library) -> None:
    """Pages differ, parts do not: the next part decides."""
    layout = Layout(line_library, BASE_URL, sms.Budget(2, 4))
    for language in line_library.editions:
        for opening in (False, True):
            read, now = (language, opening), ("en", False)
            before = layout.screen("adult.supportive", *read).pages
            after = layout.screen("adult.supportive", *now).pages
            for page in (len(before) - 1, 99):
                assert next_page(layout, "adult.supportive", page, read, now) >= len(after)
            page = after[next_page(layout, "adult.supportive", 0, read, now)]
            unfinished = before[1].first == before[0].last
            assert page.first <= before[0].last + (not unfinished) <= page.last


@pytest.mark.parametrize("length", [0, 25, 50])
@pytest.mark.parametrize("segments", [None, 2, 3])
def test_every_page_keeps_every_budget_behind_every_address(
    line_library: Library, length: int, segments: int | None
) -> None:
    """Also for those who are not shown the hint to the other audience."""
    base = "https://" + "a" * (length - 8) if length else ""
    budget = sms.Budget(segments, segments) if segments else sms.Budget()
    languages = ("en", "ar", "es", "hi", "vi", "zh_Hans")
    few = {one: line_library.editions[one] for one in languages}
    layout = Layout(replace(line_library, editions=few), base, budget)
    for (label, language, opening), screen in layout.screens.items():
        lines = layout.opening_lines(few[language]) if opening else ()
        for page in range(len(screen.pages)):
            for switch in (True, False):
                shown = layout.show(
                    label, language, page, opening=opening, switch=switch, extras=lines
                )
                assert layout.fits(shown), (label, language, page, switch)


def test_a_screen_is_cut_once(line_library: Library) -> None:
    layout = Layout(line_library, BASE_URL)
    first = layout.screen("adult.cart", "en")
    assert isinstance(first, Screen)
    assert layout.screen("adult.cart", "en") is first
    assert layout.screen("adult.cart", "xx") is first


def test_names_are_never_torn(line_library: Library) -> None:
    """With the smallest pages that can be, every name of two words stays whole."""
    layout = Layout(line_library, "https://a.ca", sms.Budget(2, 2))
    for (label, language, opening), screen in layout.screens.items():
        for number, page in enumerate(screen.pages):
            assert not page.text.endswith(
                ("inotuzumab", "asparaginase (Kidrolase) ou asparaginase")
            )
            assert layout.fits(layout.show(label, language, number, opening=opening))
