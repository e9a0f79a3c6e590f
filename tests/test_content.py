"""Broken content: every fault is named by file and key, and what can go on goes on."""

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import catalogs, checks
from bot.content import Content, read
from bot.conversation import respond
from bot.editions import link_tag
from bot.line import Line
from bot.model import Conversation, Inbound
from bot.problems import ConfigError, ContentError
from bot.schema import COMMANDS, PHRASES, plain, sentences, slots, source
from bot.sms import Budget
from bot.understanding import understand

from .conftest import BASE_URL, ROOT

Edit = Callable[[str, str, str], Path]

CART = "messages/topics/cart.toml"
CHEMO = "messages/topics/chemo.toml"
PHRASE = "messages/phrases.toml"
COMMAND = "messages/commands.toml"
PAGES = "messages/documents.toml"
FRENCH = "locales/fr/LC_MESSAGES/messages.po"

CITED, CITES = "[car-t:1.1]", f"{CART}: adult.more[1]"

# file, text, what it becomes, what is said: all of these stop the start
FATAL = [
    (CART, 'title = "CAR T cells"\n', "", f"{CART}: lacks the required field `title`"),
    (CART, 'title = "CAR T cells"', 'title = ""', f"{CART}: title: is empty"),
    (CART, 'title = "CAR T cells"', "title = 3", f"{CART}: title: Expected `str`, got `int`"),
    (CART, "order = 40", 'order = "x"', f"{CART}: order: Expected `int`, got `str`"),
    (CART, "order = 40", "order = 40\ncolour = 1", f"{CART}: has the unknown field `colour`"),
    (CART, "[adult]", "[adults]", f"{CART}: has the unknown field `adults`"),
    (CART, "[adult]\n", "[adult]\nnote = 1\n", f"{CART}: adult: has the unknown field `note`"),
    (CART, 'gist = "', 'gist = "" # ', f"{CART}: adult.gist: is empty"),
    (CART, "[adult]\n", '[adult]\nsee = "chemo"\n', f"{CART}: adult.see: stands beside an answer"),
    (CART, CITED, "[car-t:3]", f"{CITES}: adult-all#car-t:3: 'car-t' has paragraphs 1 to 2 only"),
    (CART, CITED, "[car-t:1.5]", f"{CITES}: adult-all#car-t:1.5: that paragraph has sentences"),
    (CART, CITED, "[cart:1]", f"{CITES}: adult-all#cart:1: adult-all has no section 'cart'"),
    (CART, CITED, "[x#car-t:1]", f"{CITES}: x#car-t:1: 'x' is no document"),
    (CART, CITED, "[car-t]", f"{CITES}: 'car-t' is not <section>:<paragraph>"),
    (CART, CITED, "[childhood-all#trials:1]",
     f"{CITES}: childhood-all#trials:1: childhood-all is not a page for adult"),
    (CART, ' [car-t:1.4]"', '"', f"{CART}: adult.more[2]: 'There they multiply"),
    (CART, 'source = "adult-all"', 'source = "x"', f"{CART}: adult.source: 'x' is no document"),
    (CART, 'keywords = "car t', 'keywords = "" # ', f"{CART}: keywords: are missing: what people"),
    (CART, 'link = "cart"', 'link = "chemo"', ": link: 'chemo' is also "),
    (CART, 'link = "cart"', 'link = "Cart-long"', f"{CART}: link: is not one to six small"),
    (CART, "order = 40", "order = 40 40", f"{CART}: cannot be read: Expected newline"),
    (CART, "car t, car t cell", "car t, chemo", ": 'chemo' is also a word for adult.cart"),
    (CART, "car t, car t cell", "car t, end", f"{CART}: keywords: 'end' is reserved by carriers"),
    (CART, "car t, car t cell", "car t, menu", ": 'menu' is also a word for "),
    (CART, "car t, car t cell", "car t, ?!", f"{CART}: keywords: '?!' has no letter or digit"),
    (COMMAND, "drank .. chemo", "drank ..", "danger.keywords: 'drank ..' has no letter or digit"),
    (CART, 'gist = "', 'gist = "' + "many " * 40,
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
    (COMMAND, 'word = "MORE"', "wort = 1", f"{COMMAND}: more: has the unknown field `wort`"),
    (COMMAND, "[more]", "[menu.x]", "unknown field `x`"),
    (PAGES, 'support_line = "1-888-939-3333"', "", f"{PAGES}: support_line: is missing"),
    (PAGES, 'audience = "child"', 'audience = "kids"', f"{PAGES}: childhood-all.audience: is none"),
    (PAGES, 'id = "car-t"', "id = 3", "adult-all.sections[3].id: Expected `str`"),
    (PAGES, 'id = "car-t"', 'id = "trials"', "adult-all.sections: has two sections 'trials'"),
    (PAGES, "hedges = [0, 0, 1, 0]", "hedges = [0]", "sections: car-t:1 has not as many facts as"),
    (PAGES, "compared = 2026", "compared = 26", f"{PAGES}: cannot be read"),
    (PAGES, 'en = "https', 'xx = "https', f"{PAGES}: adult-all.url.en: is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "wanted"), FATAL)
def test_a_fault_stops_the_start_and_names_file_and_key(
    edit: Edit, file: str, old: str, new: str, wanted: str
) -> None:
    root = edit(file, old, new)
    try:
        content = read(root)
        found = checks.stops_start(Line.of(content.library, BASE_URL))
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
    ("charset=utf-8", "charset=klingon", f"{FRENCH}:3: "),
    ('msgid "Chemo"', 'mgsid "Chemo"', FRENCH),
    ('"Content-Type: text/plain', '"Content-Type text/plain', f"{FRENCH}:3: the header lacks"),
    ('"Language: fr', '"Language: de', f"{FRENCH}:3: the header lacks 'Language: fr'"),
    ('msgid "Chemo"', 'msgid "Antibodies"', f"{FRENCH}:"),
    ('msgid ""\nmsgstr ""', "nothing", f"{FRENCH}:3: is no line of a catalog"),
]


@pytest.mark.parametrize(("old", "new", "wanted"), BROKEN_CATALOGS)
def test_a_broken_catalog_is_named_and_the_others_go_on(
    edit: Edit, old: str, new: str, wanted: str
) -> None:
    content = read(edit(FRENCH, old, new))
    assert "fr" not in content.library.editions
    assert wanted in "\n".join(map(str, content.problems))
    assert not any(problem.fatal for problem in content.problems)


def test_a_broken_line_of_a_catalog_is_numbered(edit: Edit) -> None:
    root = edit(FRENCH, 'msgid "Chemo"', 'mgsid "Chemo"')
    lines = (root / FRENCH).read_text(encoding="utf-8").splitlines()
    number = lines.index('mgsid "Chemo"') + 1
    assert f"{FRENCH}:{number}: is no line of a catalog" in str(read(root).problems[0])


def test_an_entry_that_is_there_twice_is_named_by_its_line(edit: Edit) -> None:
    root = edit(FRENCH, 'msgctxt "title"\nmsgid "Chemo"', 'msgctxt "title"\nmsgid "Antibodies"')
    lines = (root / FRENCH).read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if line == 'msgid "Antibodies"']
    said = str(read(root).problems[0])
    assert said.startswith(
        tuple(f"{FRENCH}:{number + n}: is there twice" for number in found[1:] for n in (-1, 0))
    )


def test_a_catalog_in_another_encoding_is_named_by_its_line(copy: Path) -> None:
    text = (copy / FRENCH).read_text(encoding="utf-8")
    (copy / FRENCH).write_bytes(text.encode("latin-1", "replace"))
    said = str(read(copy).problems[0])
    number = 1 + next(n for n, line in enumerate(text.splitlines()) if not line.isascii())
    assert said == f"{FRENCH}:{number}: is not UTF-8"


# a word put in, and what `check` says of it: both are one letter from something else
ALIKE = [
    (CART, "car t, car t cell", "car t, stopp", "'stopp' is one letter from 'stop'"),
    (CART, "car t, car t cell", "car t, canoel", "'canoel' is one letter from 'cancel'"),
    (CART, "car t, car t cell", "car t, ponatinip", "'ponatinip' is one letter from 'ponatinib'"),
    (COMMAND, "menu, main menu", "menu, imatinibb", "'imatinibb' is one letter from 'imatinib'"),
]


@pytest.mark.parametrize(("file", "old", "new", "wanted"), ALIKE)
def test_a_word_one_slip_from_another_is_named_unless_it_is_known(
    edit: Edit, file: str, old: str, new: str, wanted: str
) -> None:
    root = edit(file, old, new)
    assert wanted in said(read(root), Line.of(read(root).library, BASE_URL))
    root = edit("messages/checks.toml", 'known = "info"', f'known = "{new.rpartition(", ")[2]}"')
    assert wanted not in said(read(root), Line.of(read(root).library, BASE_URL))


@pytest.mark.parametrize(
    ("file", "old", "new", "wanted"),
    [
        (
            PHRASE,
            "such as CHEMO or",
            "such as XYZZY or",
            "greeting: names 'XYZZY', which is",
        ),
        (
            FRENCH,
            "comme CHIMIO ou",
            "comme FOOBAR ou",
            "greeting: names 'FOOBAR', which is",
        ),
        ("locales/zh_Hans/LC_MESSAGES/messages.po", "“化疗”", "“天气”", "greeting: names '天气'"),
    ],
)
def test_a_text_names_only_words_that_are_answered(
    edit: Edit, file: str, old: str, new: str, wanted: str
) -> None:
    content = read(edit(file, old, new))
    assert wanted in said(content, Line.of(content.library, BASE_URL))


def test_an_entry_without_its_translation_is_named(edit: Edit) -> None:
    root = edit(
        FRENCH, 'msgctxt "title"\nmsgid "Chemo"\nmsgstr', 'msgctxt "title"\nmsgid "C"\nmsgid'
    )
    assert f"{FRENCH}:" in str(read(root).problems[0])


def test_an_unknown_language_is_named(copy: Path) -> None:
    (copy / "locales" / "fr").rename(copy / "locales" / "xx")
    content = read(copy)
    assert "fr" not in content.library.editions
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
    root = edit(CART, 'gist = "', 'gist = "In short: ')
    content = read(root)
    line = Line.of(content.library, BASE_URL)
    assert "run: answerline locales refresh" in said(content, line)
    changed = catalogs.refresh(root / "locales", content.messages)
    assert {path.name for path in changed} == {"messages.pot", "messages.po"}
    assert catalogs.refresh(root / "locales", content.messages) == []
    assert "#| msgid" in (root / FRENCH).read_text(encoding="utf-8")
    content = read(root)
    line = Line.of(content.library, BASE_URL)
    assert re.search(rf"{FRENCH}:\d+: {CART}: adult.gist: is stale", said(content, line))
    # The answer is whole in one language, and says which.
    shown = line.layout.show("adult.cart", "fr")
    note = content.library.editions["fr"].phrases["in_english"]
    assert note in shown
    assert "In short: " in shown
    assert "/acart/en" in shown
    assert note not in line.layout.show("child.cart", "fr")


def test_a_missing_translation_is_named(edit: Edit, content: Content) -> None:
    french = content.translations["fr"].texts["title", "Chemo"]
    broken = read(edit(FRENCH, f'msgstr "{french}"', 'msgstr ""'))
    assert broken.library.editions["fr"].titles["chemo"] == "Chemo (En anglais seulement)"
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
    assert checks.stops_start(line) == []


@pytest.mark.parametrize(
    ("english", "french", "said"),
    [
        ("(English only)", "x" * 400, "in_english: has 400 characters, the English 14: far too"),
        ("Call {phone}", "Tél. {phone!r:>9}", "call: has braces that are no {slot}"),
        ("Call {phone}", "Tél. {{phone}} {phone}", "call: has braces that are no {slot}"),
        ("Call {phone}", "Tél. {phone", "call: expected '}' before end of string"),
        ("Call {phone}", "Tél. {phone:d}", "call: has braces that are no {slot}"),
    ],
)
def test_a_phrase_that_cannot_be_said_is_left_in_english(
    edit: Edit, content: Content, english: str, french: str, said: str
) -> None:
    now = content.translations["fr"].texts["", english]
    broken = read(edit(FRENCH, f'msgstr "{now}"', f'msgstr "{french}"'))
    name = said.partition(":")[0]
    where, _, what = str(broken.problems[0]).partition(": ")
    assert what.startswith(f"messages/phrases.toml: {said}")
    file, _, number = where.rpartition(":")
    assert file == FRENCH
    lines = (broken.root / FRENCH).read_text(encoding="utf-8").splitlines()
    assert lines[int(number) - 1] == f'msgid "{english}"'
    phrases = {one: broken.library.editions[one].phrases[name] for one in ("en", "fr")}
    assert phrases["fr"] == phrases["en"]
    assert checks.stops_start(Line.of(broken.library, BASE_URL)) == []


def test_a_command_word_with_braces_is_mended_and_named(edit: Edit) -> None:
    broken = read(edit(FRENCH, 'msgstr "PLUS"', 'msgstr "{PLUS"'))
    assert "commands.toml: more.word: has braces" in str(broken.problems[0])
    assert "MORE" in broken.library.editions["fr"].phrases["reply_more"]


def test_an_endless_translation_is_named_and_not_cut(edit: Edit, content: Content) -> None:
    gist = content.library.editions["fr"].answers["adult.trials"].gist
    head = gist[:40]
    broken = read(edit(FRENCH, f'"{head}', f'"{"e" * 3000}{head}'))
    assert broken.library.editions["fr"].answers["adult.trials"].language == "en"
    assert re.search(r"has 3[0-9]{3} characters", str(broken.problems[0]))
    assert "at most 2000" in str(broken.problems[0])


def test_a_language_that_leaves_no_room_is_left_out(edit: Edit, content: Content) -> None:
    gist = content.library.editions["fr"].answers["adult.trials"].gist
    head = gist[:40]
    broken = read(edit(FRENCH, f'"{head}', f'"e{chr(0x301) * 1500}{head}'))
    line, found = checks.set_up(broken, BASE_URL, Budget())
    assert "fr" not in line.library.editions
    assert str(found[0]).startswith(f"{FRENCH}: some text leaves its page no room")
    assert checks.stops_start(line) == []
    # Its words are still heard, and answered in English: above all those of danger.
    assert understand("je vais me tuer", line.vocabulary).kind == "crisis"
    reply, _ = respond(Inbound("x", "+1", "1", "radioth\u00e9rapie"), Conversation(), line, 0)
    assert (reply.topic, reply.language) == ("radiation", "en")
    reply, _ = respond(Inbound("x", "+1", "1", "fran\u00e7ais"), Conversation(), line, 0)
    assert "not here yet" in reply.text


def test_settings_that_leave_no_room_are_named(content: Content) -> None:
    with pytest.raises(ConfigError, match="ANSWERLINE_PAGE_SEGMENTS, PUBLIC_BASE_URL: pages have"):
        checks.set_up(content, "https://" + "x" * 300, Budget(2, 2))


def test_a_long_address_is_no_fault_of_the_content(content: Content) -> None:
    line, left_out = checks.set_up(content, "https://" + "x" * 52, Budget(2, 2))
    assert left_out == []
    assert checks.problems(content, line) == []
    assert any("takes more than its first page here" in notice for notice in checks.notices(line))


def test_an_english_catalog_is_not_used(copy: Path) -> None:
    folder = copy / "locales/en/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_bytes((copy / "locales/messages.pot").read_bytes())
    content = read(copy)
    assert "locales/en/LC_MESSAGES/messages.po: is not used" in str(content.problems[0])
    line = Line.of(content.library, BASE_URL)
    assert understand("STOP", line.vocabulary).value == "stop"


def test_a_catalog_that_is_a_folder_is_named(copy: Path) -> None:
    (copy / FRENCH).unlink()
    (copy / FRENCH).mkdir()
    assert f"{FRENCH}: " in str(read(copy).problems[0])


def test_fuzzy_words_are_still_looked_for(edit: Edit) -> None:
    """One more English word for a crisis must not make the line deaf in French."""
    root = edit(COMMAND, "kill myself,", "kill myself, do myself in,")
    catalogs.refresh(root / "locales", read(root).messages)
    content = read(root)
    assert ("keywords", next(m.text for m in content.messages if m.key == "crisis.keywords")) in (
        content.translations["fr"].stale
    )
    line = Line.of(content.library, BASE_URL)
    assert understand("je vais me tuer", line.vocabulary).kind == "crisis"
    assert "crisis.keywords: is stale" in said(content, line)


@pytest.mark.parametrize("name", ["phrases.toml", "commands.toml", "documents.toml"])
@pytest.mark.parametrize("text", ["", "x = " + "9" * 5000, "x = " + "[" * 3000])
def test_an_empty_or_absurd_file_is_named(copy: Path, name: str, text: str) -> None:
    (copy / "messages" / name).write_text(text)
    with pytest.raises(ContentError, match=f"messages/{name}"):
        read(copy)


def test_a_topic_cannot_be_called_menu(copy: Path) -> None:
    shutil.copy(copy / CART, copy / "messages/topics/menu.toml")
    with pytest.raises(ContentError, match=r"menu\.toml: cannot be a topic"):
        read(copy)


def test_the_content_is_clean_and_its_catalogs_are_fresh(content: Content, line: Line) -> None:
    assert [str(problem) for problem in checks.problems(content, line)] == []


@pytest.mark.parametrize("budget", ["", "2"])
@pytest.mark.parametrize("base", [BASE_URL, ""])
def test_the_content_is_clean_for_every_layout(content: Content, budget: str, base: str) -> None:
    line = Line.of(content.library, base, Budget(2, 2) if budget else Budget())
    assert checks.stops_start(line) == []


def test_costly_letters_are_noticed(line: Line) -> None:
    notices = checks.notices(line)
    assert any("fr: adult.cns" in notice and "ï" in notice for notice in notices)


def test_every_english_answer_cites_what_there_is(content: Content) -> None:
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
    assert slots("a {b} {d}") == {"b", "d"}
    (one,) = sentences("It may. [a-b#c:1, e-f:2.1-3, firm]", "d")
    assert (one.text, one.firm) == ("It may.", True)
    assert list(map(str, one.sources)) == ["a-b#c:1", "d#e-f:2.1-3"]
    assert str(source("e-f:2-3", "d")) == "d#e-f:2-3"
    with pytest.raises(ValueError, match="is not <section>"):
        source("e-f:2")
    assert plain("One. [a:1] Two, so. [b:2-3, firm]") == "One. Two, so."


def test_refreshing_twice_changes_nothing(copy: Path) -> None:
    content = read(copy)
    catalogs.refresh(copy / "locales", content.messages)
    assert catalogs.refresh(copy / "locales", content.messages) == []
