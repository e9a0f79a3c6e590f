"""Broken content: every fault is named by file and key, and what can go on goes on."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import catalogs, checks
from bot.content import Content, read
from bot.editions import ContentError, link_tag
from bot.schema import COMMANDS, PHRASES, slots, sources
from bot.sms import Budget
from bot.speaker import Line

from .conftest import BASE_URL, ROOT

Edit = Callable[[str, str, str], Path]

CART = "messages/topics/cart.toml"
CHEMO = "messages/topics/chemo.toml"
PHRASE = "messages/phrases.toml"
COMMAND = "messages/commands.toml"
PAGES = "messages/documents.toml"
FRENCH = "locales/fr/LC_MESSAGES/messages.po"

# file, text, what it becomes, what is said: all of these stop the start
FATAL = [
    (CART, 'title = "CAR T cells"\n', "", f"{CART}: it missing required field `title`"),
    (CART, 'title = "CAR T cells"', 'title = ""', f"{CART}: title: is empty"),
    (CART, 'title = "CAR T cells"', "title = 3", f"{CART}: title: Expected `str`, got `int`"),
    (CART, "order = 40", 'order = "x"', f"{CART}: order: Expected `int`, got `str`"),
    (CART, "order = 40", "order = 40\ncolour = 1", f"{CART}: it contains unknown field `colour`"),
    (CART, "[adult]", "[adults]", f"{CART}: it contains unknown field `adults`"),
    (CART, "[adult]\n", "[adult]\nnote = 1\n", f"{CART}: adult: it contains unknown field `note`"),
    (CART, 'gist = "CAR T-cell therapy', 'gist = "" # ', f"{CART}: adult.gist: is empty"),
    (CART, "[adult]\n", '[adult]\nsee = "chemo"\n', f"{CART}: adult.see: stands beside an answer"),
    (CART, '#car-t:1-2"', '#car-t:1-3"', f"{CART}: adult.source: 'car-t' has paragraphs 1 to 2"),
    (CART, "#car-t:1-2", "#cart:1", f"{CART}: adult.source: adult-all has no section 'cart'"),
    (CART, "adult-all#car-t:1-2", "x#car-t:1", f"{CART}: adult.source: 'x' is no document"),
    (CART, "adult-all#car-t:1-2", "car-t", f"{CART}: adult.source: 'car-t' is not <document>#"),
    (CART, "adult-all#car-t", "childhood-all#trials", f"{CART}: adult.source: childhood-all is"),
    (CART, 'link = "cart"', 'link = "chemo"', ": link: 'chemo' is also "),
    (CART, 'link = "cart"', 'link = "Cart-long"', f"{CART}: link: is not one to six small"),
    (CART, "order = 40", "order = 40 40", f"{CART}: cannot be read: Expected newline"),
    (CART, "car t, car t cell", "car t, chemo", ": 'chemo' is also a word for adult.cart"),
    (CART, "car t, car t cell", "car t, end", f"{CART}: keywords: 'end' is reserved by carriers"),
    (CART, "car t, car t cell", "car t, menu", ": 'menu' is also a word for "),
    (CART, "car t, car t cell", "car t, ?!", f"{CART}: keywords: '?!' has no letter or digit"),
    (CART, "therapy changes T cells", "therapy changes " + "many " * 40 + "T cells",
     f"{CART}: adult.gist: does not fit on the first page"),
    ("messages/topics/immunotherapy.toml", 'see = "cart"', 'see = "carts"',
     "messages/topics/immunotherapy.toml: child.see: 'carts' is no topic with an answer for child"),
    ("messages/topics/factors.toml", "[child]", "[child.x]", "unknown field `x`"),
    (PHRASE, 'call = "Call {phone}"', "", f"{PHRASE}: call: is missing"),
    (PHRASE, 'call = "Call {phone}"', 'call = ""', f"{PHRASE}: call: is empty"),
    (PHRASE, 'call = "Call {phone}"', "call = 3", f"{PHRASE}: call: Expected `str`, got `int`"),
    (PHRASE, "Call {phone}", "Call {fone}", f"{PHRASE}: call: {{fone}} is nothing that can be"),
    (PHRASE, "Call {phone}", "Call {phone", f"{PHRASE}: call: expected '}}' before end of string"),
    (PHRASE, "Call {phone}", "Call {0}", f"{PHRASE}: call: has braces that are no {{slot}}"),
    (PHRASE, 'call = "', 'cal = "', f"{PHRASE}: cal: is no phrase of the line"),
    (PHRASE, "Msg and data rates may apply.", "Message and data rates may well apply.",
     f"{PHRASE}: help: has 1"),
    (PHRASE, "Sorry, something", "Sorry, " + "so " * 120 + "something",
     f"{PHRASE}: apology: takes 3 segments"),
    (COMMAND, "[more]", "[mehr]", f"{COMMAND}: mehr: is no command; they are menu, more"),
    (COMMAND, 'word = "MORE"', "", f"{COMMAND}: more.word: is missing: replies name this command"),
    (COMMAND, 'word = "MORE"', "wort = 1", f"{COMMAND}: more: it contains unknown field `wort`"),
    (COMMAND, "[more]", "[menu.x]", "unknown field `x`"),
    (PAGES, 'support_line = "1-888-939-3333"', "", f"{PAGES}: support_line: is missing"),
    (PAGES, 'audience = "child"', 'audience = "kids"', f"{PAGES}: childhood-all.audience: is none"),
    (PAGES, 'audience = "child"', 'audience = "adult"', f"{PAGES}: needs exactly one page for"),
    (PAGES, "car-t = 2", 'car-t = "two"', f"{PAGES}: adult-all.sections"),
    (PAGES, 'en = "https', 'xx = "https', f"{PAGES}: adult-all.url.en: is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "wanted"), FATAL)
def test_a_fault_stops_the_start_and_names_file_and_key(
    edit: Edit, file: str, old: str, new: str, wanted: str
) -> None:
    root = edit(file, old, new)
    try:
        content = read(root)
        found = checks.stops_start(content, Line.of(content.library, BASE_URL))
    except ContentError as error:
        found = error.problems
    assert any(wanted in str(problem) for problem in found), "\n".join(map(str, found))
    assert wanted in str(ContentError(found))


@pytest.mark.parametrize("name", ["documents.toml", "phrases.toml", "commands.toml"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / "messages" / name).unlink()
    with pytest.raises(ContentError, match=f"messages/{name}: is not there"):
        read(copy)


def test_no_topics_is_named(copy: Path) -> None:
    for path in (copy / "messages" / "topics").iterdir():
        path.unlink()
    with pytest.raises(ContentError, match="messages/topics/: has no topic"):
        read(copy)


def test_a_topic_without_an_answer_is_named(copy: Path) -> None:
    (copy / "messages/topics/new.toml").write_text('title = "New"\norder = 1\nlink = "new"\n')
    with pytest.raises(ContentError, match=r"new\.toml: has neither \[adult\] nor \[child\]"):
        read(copy)


def test_text_in_another_encoding_is_named(copy: Path) -> None:
    (copy / PHRASE).write_bytes("call = 'é'".encode("latin-1"))
    with pytest.raises(ContentError, match=r"messages/phrases\.toml: cannot be read"):
        read(copy)


# what is done to the French catalog, and what is said of it
BROKEN_CATALOGS = [
    ('msgid "Chemo"', 'msgid "Chemo', FRENCH),
    ("charset=utf-8", "charset=klingon", f"{FRENCH}: "),
    ('msgid "Chemo"', 'mgsid "Chemo"', FRENCH),
]


@pytest.mark.parametrize(("old", "new", "wanted"), BROKEN_CATALOGS)
def test_a_broken_catalog_is_named_and_the_others_go_on(
    edit: Edit, old: str, new: str, wanted: str
) -> None:
    content = read(edit(FRENCH, old, new))
    assert list(content.library.editions) == ["en"]
    assert wanted in "\n".join(map(str, content.problems))
    assert not any(problem.fatal for problem in content.problems)


def test_a_broken_line_of_a_catalog_is_numbered(edit: Edit) -> None:
    root = edit(FRENCH, 'msgid "Chemo"', 'mgsid "Chemo"')
    lines = (root / FRENCH).read_text(encoding="utf-8").splitlines()
    number = lines.index('mgsid "Chemo"') + 1
    assert f"{FRENCH}:{number}: is no line of a catalog" in str(read(root).problems[0])


def test_an_entry_without_its_translation_is_named(edit: Edit) -> None:
    root = edit(
        FRENCH, 'msgctxt "title"\nmsgid "Chemo"\nmsgstr', 'msgctxt "title"\nmsgid "C"\nmsgid'
    )
    assert f"{FRENCH}:" in str(read(root).problems[0])


def test_an_unknown_language_is_named(copy: Path) -> None:
    (copy / "locales" / "fr").rename(copy / "locales" / "xx")
    content = read(copy)
    assert list(content.library.editions) == ["en"]
    assert "locales/xx/LC_MESSAGES/messages.po: unknown locale 'xx'" in str(content.problems[0])


def test_a_translation_with_other_slots_is_left_in_english(edit: Edit, content: Content) -> None:
    french = content.translations["fr"].texts["", "Call {phone}"]
    root = edit(FRENCH, f'msgstr "{french}"', 'msgstr "Appelez {fone}"')
    broken = read(root)
    assert broken.library.editions["fr"].phrases["call"] == "Call 1-888-939-3333"
    assert "phrases.toml: call: {fone} is nothing" in str(broken.problems[0])
    root = edit(FRENCH, 'msgstr "Appelez {fone}"', 'msgstr "Appelez"')
    assert "call: has other {slots} than the English" in str(read(root).problems[0])


def test_a_changed_english_text_makes_its_translation_fuzzy_and_unsent(edit: Edit) -> None:
    root = edit(CART, "changes T cells in a lab", "changes many T cells in a lab")
    content = read(root)
    line = Line.of(content.library, BASE_URL)
    assert "run: answerline locales refresh" in said(content, line)
    changed = catalogs.refresh(root / "locales", content.messages)
    assert {path.name for path in changed} == {"messages.pot", "messages.po"}
    content = read(root)
    line = Line.of(content.library, BASE_URL)
    assert f"{FRENCH}: {CART}: adult.gist: is stale" in said(content, line)
    # The answer is whole in one language, and says which.
    shown = line.layout.show("adult.cart", "fr")
    assert "(En anglais seulement)" in shown
    assert "changes many T cells" in shown
    assert "/acart/en" in shown
    assert "(En anglais seulement)" not in line.layout.show("child.cart", "fr")


def test_a_missing_translation_is_named(edit: Edit, content: Content) -> None:
    french = content.translations["fr"].texts["title", "Chemo"]
    broken = read(edit(FRENCH, f'msgstr "{french}"', 'msgstr ""'))
    assert broken.library.editions["fr"].titles["chemo"] == "Chemo"
    assert "chemo.toml: title: is missing" in said(broken, Line.of(broken.library, BASE_URL))


def said(content: Content, line: Line) -> str:
    return "\n".join(map(str, checks.problems(content, line)))


def test_a_clash_in_a_catalog_is_named_but_stops_nothing(edit: Edit, content: Content) -> None:
    words = content.translations["fr"].texts
    chemo = next(text for (ctx, _), text in words.items() if ctx == "keywords" and "chimio" in text)
    root = edit(FRENCH, f'"{chemo[:12]}', f'"greffe, {chemo[:12]}')
    broken = read(root)
    line = Line.of(broken.library, BASE_URL)
    assert "'greffe' is also a word for" in said(broken, line)
    assert checks.stops_start(broken, line) == []


def test_a_long_translation_is_named_but_stops_nothing(edit: Edit, content: Content) -> None:
    phrase = content.translations["fr"].texts["", "(English only)"]
    root = edit(FRENCH, f'msgstr "{phrase}"', f'msgstr "{"x" * 400}"')
    broken = read(root)
    line = Line.of(broken.library, BASE_URL)
    assert f"{FRENCH}: messages/phrases.toml: in_english: takes 3 segments" in said(broken, line)
    assert checks.stops_start(broken, line) == []


def test_the_content_is_clean_and_its_catalogs_are_fresh(content: Content, line: Line) -> None:
    assert [str(problem) for problem in checks.problems(content, line)] == []


@pytest.mark.parametrize("budget", ["", "2"])
@pytest.mark.parametrize("base", [BASE_URL, ""])
def test_the_content_is_clean_for_every_layout(content: Content, budget: str, base: str) -> None:
    line = Line.of(content.library, base, Budget(2, 2) if budget else Budget())
    assert checks.stops_start(content, line) == []


def test_costly_letters_are_noticed(line: Line) -> None:
    notices = checks.notices(line)
    assert any("languages" in notice and "ç" in notice for notice in notices)


def test_every_english_answer_cites_what_there_is(content: Content) -> None:
    labels = set(content.library.editions["en"].answers)
    assert len(labels) == 21
    assert all(a.sources for a in content.library.editions["en"].answers.values())


def test_the_schema_names_what_the_files_have() -> None:
    phrases = tomllib.loads((ROOT / PHRASE).read_text(encoding="utf-8"))
    commands = tomllib.loads((ROOT / COMMAND).read_text(encoding="utf-8"))
    assert set(phrases) == set(PHRASES)
    assert set(commands) == set(COMMANDS)


def test_links_are_at_most_12_characters_after_the_host(line: Line) -> None:
    for language, edition in line.library.editions.items():
        for label in edition.answers:
            link = line.layout.link(label, language)
            assert len(link.removeprefix(BASE_URL)) <= 12
    assert [link_tag(code) for code in ("fr", "zh_Hant", "zh_Hans")] == ["fr", "zht", "zhs"]


def test_slots_and_sources() -> None:
    assert slots("a {b} {{c}} {d}") == {"b", "d"}
    assert len(sources("a-b#c:1, d#e-f:2-3")) == 2


def test_refreshing_twice_changes_nothing(copy: Path) -> None:
    content = read(copy)
    catalogs.refresh(copy / "locales", content.messages)
    assert catalogs.refresh(copy / "locales", content.messages) == []
