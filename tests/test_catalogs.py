"""Catalogs as translators have them: what a review is, and that every tool leaves it alone."""

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polib
import pytest
from click.testing import CliRunner, Result

from bot import catalogs
from bot.cli import main
from bot.content import read
from bot.editions import Sending
from bot.library import Library
from bot.line import Line
from bot.model import Conversation, Inbound
from bot.store.sqlite import SqliteStore
from bot.turn import Turns
from bot.understanding import understand

from .conftest import BASE_URL, ROOT

Edit = Callable[[str, str, str], Path]

FRENCH = "locales/fr/LC_MESSAGES/messages.po"
CART = "messages/topics/cart.toml"
PATHS = sorted((ROOT / "locales").glob("*/LC_MESSAGES/messages.po"))
TODAY = date(2026, 11, 28)


def run(*args: str, **settings: str) -> Result:
    return CliRunner().invoke(main, args, env=settings, catch_exceptions=False)


def french(root: Path, only: str = "") -> int:
    path = root / FRENCH
    return catalogs.review(path, "fr", "A. Reviewer", TODAY, only)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parts[-3])
def test_every_tool_reads_every_catalog(path: Path) -> None:
    entries = polib.pofile(str(path))
    assert len(entries) > 150
    assert not entries.fuzzy_entries()
    assert not entries.obsolete_entries()
    if shutil.which("msgfmt") is None:
        pytest.skip("msgfmt is not installed")
    done = subprocess.run(
        ["msgfmt", "-c", "-o", "/dev/null", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parts[-3])
def test_no_catalog_claims_a_review(path: Path) -> None:
    """Until a person has made one; then this test is theirs to change."""
    assert not catalogs.read(path, path.parts[-3]).reviewed


def test_a_review_holds_for_one_english_and_one_translation(copy: Path) -> None:
    assert french(copy, "cart.toml: child") == 6
    assert french(copy, "cart.toml: child") == 0
    text = (copy / FRENCH).read_text(encoding="utf-8")
    assert re.findall(r"^# reviewed: .*", text, re.MULTILINE)[0].startswith(
        "# reviewed: 2026-11-28 by A. Reviewer ["
    )
    assert len(read(copy).translations["fr"].reviewed) == 6
    edited = text.replace("Kymriah sert chez les enfants", "Kymriah est pour les enfants")
    (copy / FRENCH).write_text(edited, encoding="utf-8")
    assert len(read(copy).translations["fr"].reviewed) == 5
    assert french(copy, "cart.toml: child") == 1
    assert (copy / FRENCH).read_text(encoding="utf-8").count("# reviewed: ") == 6


def test_a_changed_english_ends_a_review(edit: Edit) -> None:
    root = edit(CART, "Kymriah is used for children", "Kymriah is meant for children")
    shutil.copytree(ROOT / "messages", root / "before")
    french(root, "cart.toml")
    catalogs.refresh(root / "locales", read(root).messages)
    found = read(root).translations["fr"]
    key = ("", "Kymriah is meant for children with certain B-cell ALL.")
    assert key in found.stale
    assert key not in found.reviewed
    assert french(root) > 100  # a stale entry is not reviewed with the others
    assert key not in read(root).translations["fr"].reviewed


def test_reviews_and_states_pass_through_other_tools(copy: Path) -> None:
    """polib writes as Weblate does; msgmerge and msgcat, where they are, wrap and reorder."""
    french(copy)
    path = copy / FRENCH
    before = catalogs.read(path, "fr")
    assert len(before.reviewed) > 180
    polib.pofile(str(path), wrapwidth=78).save(str(path))
    assert catalogs.read(path, "fr") == before
    if shutil.which("msgmerge"):
        template = copy / "locales/messages.pot"
        subprocess.run(["msgmerge", "-q", "-U", "--backup=none", path, template], check=True)
        assert catalogs.read(path, "fr") == before
    content = read(copy)
    catalogs.refresh(copy / "locales", content.messages)
    assert catalogs.read(path, "fr") == before
    assert catalogs.refresh(copy / "locales", content.messages) == []


def test_a_stale_entry_keeps_its_former_english_for_every_tool(edit: Edit) -> None:
    root = edit(CART, "Millions of T cells are taken from the person", "T cells are taken")
    catalogs.refresh(root / "locales", read(root).messages)
    (stale,) = polib.pofile(str(root / FRENCH)).fuzzy_entries()
    assert stale.previous_msgid.startswith("CAR T is an immunotherapy. Millions of T cells are")
    assert catalogs.refresh(root / "locales", read(root).messages) == []
    if shutil.which("msgfmt"):
        subprocess.run(["msgfmt", "-c", "-o", "/dev/null", root / FRENCH], check=True)


def states(root: Path, **sending: bool) -> dict[str, tuple[str, str]]:
    answers = library(root, **sending).editions["fr"].answers.items()
    return {label: (answer.state, answer.language) for label, answer in answers}


def test_each_answer_tells_how_far_its_translation_is(edit: Edit) -> None:
    root = edit(CART, "Millions of T cells are taken from the person", "T cells are taken")
    assert set(states(root).values()) == {("draft", "fr"), ("missing", "en")}
    assert states(root)["adult.cart"] == ("missing", "en")
    french(root, "cns.toml: adult.gist")
    french(root, "trials.toml")
    catalogs.refresh(root / "locales", read(root).messages)
    found = states(root)
    assert found["adult.cart"] == ("stale", "en")
    assert found["child.cart"] == ("draft", "fr")
    assert found["adult.trials"] == ("reviewed", "fr")
    assert found["adult.cns"] == ("draft", "fr")  # as far as the part that lacks most
    assert {one.state for one in library(root).editions["en"].answers.values()} == {""}
    french(root, "phrases.toml")
    assert states(root, reviewed=True)["adult.cns"] == ("draft", "en")
    rows = run("replies", "--json", ANSWERLINE_CONTENT=str(root)).stdout
    assert '"state": "stale, in English"' in rows


def library(root: Path, **sending: bool) -> Library:
    return read(root, Sending(**sending)).library


def test_drafts_are_held_back_until_they_are_reviewed(copy: Path) -> None:
    held = library(copy, reviewed=True)
    assert list(held.editions) == ["en"]
    line = Line.of(held, BASE_URL)
    turns = Turns(line, SqliteStore(":memory:"), b"key")
    turns.store.migrate()  # type: ignore[attr-defined]
    reply = turns.take(Inbound("test", "+1", "1", "greffe"))
    assert (reply.language, reply.label) == ("en", "adult.transplant")
    assert turns.take(Inbound("test", "+1", "2", "français")).text.startswith("Sorry, that lang")
    french(copy)
    held = library(copy, reviewed=True)
    assert list(held.editions) == ["en", "fr"]
    assert not held.editions["fr"].draft
    shown = Line.of(held, BASE_URL).layout.show("adult.cart", "fr", opening=True)
    assert "révisée" not in shown


def test_of_a_language_reviewed_in_part_the_rest_is_english(copy: Path) -> None:
    french(copy, "cart.toml: child")
    french(copy, "phrases.toml")
    edition = library(copy, reviewed=True).editions["fr"]
    assert edition.answers["child.cart"].language == "fr"
    assert edition.answers["adult.cart"].language == "en"
    assert edition.titles["cart"] == "CAR T cells (En anglais seulement)"


def shown_words(library: Library) -> list[tuple[str, str, str]]:
    """Every command word that a language shows: its language, the command and the word."""
    found: dict[tuple[str, str], str] = {}
    for keyword in library.keywords:
        if keyword.kind == "command" and keyword.language:
            found.setdefault((keyword.language, keyword.value), keyword.text)
    return [(*key, word) for key, word in found.items()]


@pytest.mark.parametrize("reviewed", [False, True])
def test_words_that_were_shown_once_are_heard_in_every_state(edit: Edit, reviewed: bool) -> None:
    """A changed English or a held back draft must not make the line deaf to its own STOP."""
    before = shown_words(library(ROOT))
    root = edit("messages/commands.toml", 'word = "STOP"', 'word = "STOPP"')
    root = edit("messages/commands.toml", 'word = "MORE"', 'word = "MOREE"')
    catalogs.refresh(root / "locales", read(root).messages)
    line = Line.of(library(root, reviewed=reviewed), BASE_URL)
    known = [one for one in before if one[0] in ("fr", "zh_Hans")]
    assert len(known) > 15
    for _, command, word in known:
        assert understand(word, line.vocabulary).value == command, word


def test_a_stale_phrase_is_said_in_english_and_says_so(edit: Edit) -> None:
    root = edit("messages/phrases.toml", "You are welcome.", "You are very welcome.")
    catalogs.refresh(root / "locales", read(root).messages)
    line = Line.of(read(root).library, BASE_URL)
    turns = Turns(line, SqliteStore(":memory:"), b"key")
    turns.store.migrate()  # type: ignore[attr-defined]
    reply = turns.take(Inbound("test", "+1", "1", "merci"))
    note = line.library.editions["fr"].phrases["in_english"]
    assert reply.text.startswith("You are very welcome.")
    assert f"\n{note}" in reply.text


def test_a_draft_says_so_once_in_each_language(line: Line) -> None:
    turns = Turns(line, SqliteStore(":memory:"), b"key")
    turns.store.migrate()  # type: ignore[attr-defined]
    notes = {
        language: edition.say("draft", english="EN")
        for language, edition in line.library.editions.items()
        if edition.draft
    }
    assert set(notes) == set(line.library.editions) - {"en"}
    for turn, text in enumerate(("menu", "greffe", "plus", "移植", "更多", "greffe", "移植")):
        reply = turns.take(Inbound("test", "+1", str(turn), text))
        first = turn in (1, 3)
        assert (notes.get(reply.language, "?") in reply.text) == first, reply.text


def test_a_new_language_is_one_new_file(copy: Path) -> None:
    result = run("locales", "new", "pt", ANSWERLINE_CONTENT=str(copy))
    assert re.match(r"wrote locales/pt/LC_MESSAGES/messages.po: \d{3} to translate", result.stdout)
    path = copy / "locales/pt/LC_MESSAGES/messages.po"
    assert catalogs.refresh(copy / "locales", read(copy).messages) == []
    assert "pt" not in read(copy).library.editions  # nothing in it can be said yet
    entries = polib.pofile(str(path))
    for entry in entries:
        entry.msgstr = f"pt {entry.msgid}" if not entry.msgctxt else "pt"
    entries.save()
    content = read(copy)
    line = Line.of(content.library, BASE_URL)
    turns = Turns(line, SqliteStore(":memory:"), b"key")
    turns.store.migrate()  # type: ignore[attr-defined]
    assert turns.take(Inbound("test", "+1", "1", "português")).label == "language:pt"
    assert "pt Chemo uses" in turns.take(Inbound("test", "+1", "2", "chemo")).text
    again = run("locales", "new", "pt", ANSWERLINE_CONTENT=str(copy))
    assert again.exit_code == 1
    assert "is there already" in again.stderr


@pytest.mark.parametrize("code", ["xx", "klingon", "../x", ""])
def test_a_code_that_is_none_is_named(copy: Path, code: str) -> None:
    result = run("locales", "new", code, ANSWERLINE_CONTENT=str(copy))
    assert result.exit_code == 1
    assert f"{code!r} is no language code" in result.stderr
    assert {path.name for path in copy.iterdir()} == {"messages", "locales"}


def test_review_from_the_command_line(copy: Path) -> None:
    there = {"ANSWERLINE_CONTENT": str(copy)}
    done = run("locales", "review", "fr", "--by", "A. Reviewer", "--only", "cns.toml", **there)
    assert re.fullmatch(r"\d+ newly reviewed in locales/fr/LC_MESSAGES/messages\.po\n", done.stdout)
    table = run("locales", "status", **there).stdout.splitlines()
    counts = {row.split()[0]: row.split() for row in table}
    assert int(counts["fr"][1]) > 5
    assert counts["en"][1] == "original"
    for bad, says in (
        (["xx", "--by", "A"], "no catalog for 'xx'"),
        (["fr", "--by", " "], "nobody"),
    ):
        result = run("locales", "review", *bad, **there)
        assert result.exit_code == 2
        assert says in result.stderr
    (copy / FRENCH).write_text("nonsense\n")
    assert run("locales", "review", "fr", "--by", "A", **there).exit_code == 1


def test_status_counts_every_message() -> None:
    rows = run("locales", "status").stdout.splitlines()[1:]
    assert len(rows) == 12
    for row in rows:
        _, reviewed, _draft, stale, missing, pages, segments, *name = row.split()
        assert (stale, missing) == ("0", "0"), row
        assert reviewed in ("0", "original")
        assert int(pages) > 20
        assert 1 <= float(segments) <= 4
        assert name
    as_json = run("locales", "status", "--json")
    assert '"language": "pa"' in as_json.stdout


def test_the_pseudo_locale_shows_what_is_not_translated_or_too_long() -> None:
    content = read(ROOT, pseudo=True)
    line = Line.of(content.library, BASE_URL)
    edition = line.library.editions["en_XA"]
    for name, text in edition.phrases.items():
        assert text.startswith("["), name
        assert text.endswith("]"), name
    assert edition.phrases["reply_more"] == "[Réplý MORE.~~~~]"
    shown = line.layout.show("adult.cart", "en_XA")
    assert "[ÇÀR T-çéll thé" in shown
    assert line.layout.fits(shown)
    assert "en_XA" not in read(ROOT).library.editions


def test_a_language_can_be_sent_without_the_accents_that_cost() -> None:
    plain = read(ROOT, Sending(fold=frozenset({"es"}))).library.editions
    said = "\n".join((*plain["es"].phrases.values(), *plain["es"].titles.values()))
    said += "\n".join(a.gist + "\n".join(a.more) for a in plain["es"].answers.values())
    assert not set("áíóúÁÍÓÚ") & set(said)
    assert "ñ" in said
    assert "é" in said  # GSM-7 has it
    assert plain["fr"] == read(ROOT).library.editions["fr"]


def test_settings_of_translations_are_checked() -> None:
    assert "use all or reviewed" in run("check", ANSWERLINE_TRANSLATIONS="some").stderr
    assert "there is no language 'xx'" in run("check", ANSWERLINE_FOLD="es, xx").stderr
    shown = run("chat", "--language", "en_XA")
    assert shown.exit_code == 0


def test_state_of_an_opening_survives_json() -> None:
    state = Conversation(opening=True, drafts=("fr", "pa"), rest="more to say")
    assert Conversation.from_json(state.to_json()) == state
