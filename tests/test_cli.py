"""The commands, run as people run them: arguments and standard input in, lines and a status out."""

import json
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot import prepared
from bot.cli import main, simulate
from bot.cli.serve import _loopback
from bot.config import SETTINGS, Config
from bot.making import make_line
from bot.model import Conversation, Inbound, Reply
from bot.store import Post, Unmatched
from bot.store.sqlite import SqliteStore
from bot.turn import contact_key

from .conftest import BASE_URL, ROOT, SHARED

pytestmark = pytest.mark.usefixtures("one_line")

COMMANDS = [
    "serve",
    "prepare",
    "contact",
    "staff",
    "unmatched",
    "chat",
    "text",
    "replies",
    "check",
    "classify",
    "documents",
    "evaluate",
    "explain",
    "learn",
    "migrate",
    "locales",
    "store",
    "channel",
    "key",
    "worker",
    "outbox",
]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands read the environment: let them find none, in a folder of their own."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def run(*args: str, typed: str | bytes = "", **settings: str) -> Result:
    return CliRunner().invoke(main, args, input=typed, env=settings)


def test_every_command_has_help() -> None:
    shown = run("--help").stdout
    assert main.list_commands(click.Context(main)) == sorted(COMMANDS)
    for command in COMMANDS:
        assert command in shown
        assert run(command, "--help").exit_code == 0
    assert run("--version").stdout.startswith("answerline, version ")


def test_an_unknown_command_or_option_is_said_on_stderr() -> None:
    for args in (["speak"], ["chat", "--loud"], ["text"], ["serve", "--port", "x"]):
        result = run(*args)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "Error: " in result.stderr


@pytest.mark.parametrize("command", ["chat", "check", "replies", "classify", "migrate", "serve"])
def test_a_wrong_setting_is_one_line_on_stderr(command: str) -> None:
    result = run(command, PUBLIC_BASE_URL="nonsense")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: PUBLIC_BASE_URL: ")
    assert len(result.stderr.splitlines()) == 1


# --- chat ---


def chat(*texts: str, args: tuple[str, ...] = ()) -> list[dict[str, object]]:
    result = run("chat", "--json", *args, typed="\n".join(texts) + "\n")
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["inbound"] for row in rows] == list(texts)
    return rows


def test_a_conversation_as_json_lines() -> None:
    rows = chat("CART", "MORE", "CHILD", "MENU", "3", "GREFFE", "STOP", "CNS", "START", "CNS")
    assert [(row["label"], row["audience"], row["topic"], row["language"]) for row in rows] == [
        ("adult.cart", "adult", "cart", "en"),
        ("more", "adult", "cart", "en"),
        ("child.cart", "child", "cart", "en"),
        ("menu", "child", "", "en"),
        ("child.treatment", "child", "treatment", "en"),
        ("child.transplant", "child", "transplant", "fr"),
        ("stop", "", "", "en"),
        ("stop", "", "", ""),
        ("start", "", "", "fr"),
        ("child.cns", "child", "cns", "fr"),
    ]
    assert list(rows[0]) == [
        "inbound", "reply", "language", "label", "topic", "audience",
        "encoding", "segments", "units", "why",
    ]  # fmt: skip
    assert [rows[7][key] for key in ("reply", "encoding", "segments", "units")] == ["", "", 0, 0]
    assert rows[8]["encoding"] == "GSM-7"
    assert rows[8]["segments"] == 1


def test_chat_in_a_language_and_in_a_file() -> None:
    assert chat("menu", args=("--language", "fr"))[0]["language"] == "fr"
    kept = ("--database", "kept.db", "--from", "+15145550199")
    assert chat("CART", args=kept)[0]["label"] == "adult.cart"
    # The same key is needed to know the same contact again.
    result = run("chat", "--language", "xx", typed="hi\n")
    assert result.exit_code == 2
    assert "'xx' is none of en, " in result.stderr


def test_a_kept_conversation_goes_on() -> None:
    for texts, label in ((["CART"], "adult.cart"), (["MORE"], "more")):
        typed = "\n".join(texts) + "\n"
        result = run(
            "chat", "--json", "--database", "kept.db", typed=typed, ANSWERLINE_KEY="k" * 20
        )
        row = json.loads(result.stdout)
        assert (row["label"], row["topic"]) == (label, "cart")


def test_chat_for_people_and_odd_input() -> None:
    shown = run("chat", typed="STOP\nCART\n").stdout
    assert shown.startswith("╭\n│ Answerline: ")
    assert shown.endswith("(nothing is sent)\n")
    rows = run("chat", "--json", typed=b"\xff\xfe\n\n\x00\nCART").stdout.splitlines()
    assert [json.loads(row)["label"] for row in rows] == ["out_of_scope"] * 3 + ["adult.cart"]
    assert run("chat", typed="").stdout == ""


def test_chat_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "_at_a_terminal", lambda: True)
    result = run("chat", typed="CART\n")
    assert "│ For adults: " in result.stdout
    assert "Ctrl-D ends" in result.stderr
    assert result.exit_code == 0


# --- content ---


def test_replies_as_json_keep_their_budget() -> None:
    for extra, most in (({}, {"GSM-7": 2, "UCS-2": 4}), (
        {"ANSWERLINE_PAGE_SEGMENTS": "2"}, {"GSM-7": 2, "UCS-2": 2},
    )):  # fmt: skip
        rows = json.loads(run("replies", "--json", PUBLIC_BASE_URL=BASE_URL, **extra).stdout)
        assert len(rows) > 180
        for row in rows:
            assert row["fits"]
            assert row["segments"] <= most[row["encoding"]], row
        mandatory = [row for row in rows if row["key"] in ("help", "stopped", "started")]
        mandatory = [row for row in mandatory if row["language"] in ("en", "fr")]
        assert len(mandatory) == 6
        for row in mandatory:
            assert row["segments"] == 1
            assert len(row["text"]) <= 160
        assert {row["state"] for row in rows} <= {"original", "draft", "in English"}
        french = [row for row in rows if row["language"] == "fr" and row["kind"] == "answer"]
        assert {row["state"] for row in french} == {"draft"}
        whole = [row for row in rows if row["kind"] == "answer" and row["language"] == "en"]
        assert len({row["key"] for row in whole}) >= 21


def test_replies_for_people() -> None:
    shown = run("replies").stdout
    assert "\nen adult.cart 2/" in shown
    assert "\nfr stopped (draft; GSM-7 " in shown
    assert "OVER" not in shown


def test_check_is_clean_and_names_costly_letters() -> None:
    result = run("check", PUBLIC_BASE_URL=BASE_URL)
    assert result.exit_code == 0, result.stderr
    assert "Nothing to mend: " in result.stdout
    assert "ï cost the whole text double" in result.stdout
    assert result.stderr == ""


def test_check_names_faults_and_fails(copy: Path) -> None:
    (copy / "messages/topics/cart.toml").write_text("title = 3\n")
    result = run("check", ANSWERLINE_CONTENT=str(copy))
    assert result.exit_code == 1
    assert "messages/topics/cart.toml: " in result.stderr
    assert "Error: " in result.stderr
    assert run("chat", typed="CART\n", ANSWERLINE_CONTENT=str(copy)).exit_code == 1


def test_check_names_what_stops_nothing_and_fails_too(copy: Path) -> None:
    path = copy / "locales/fr/LC_MESSAGES/messages.po"
    path.write_text(path.read_text(encoding="utf-8") + "\nnonsense\n")
    result = run("check", ANSWERLINE_CONTENT=str(copy))
    assert result.exit_code == 1
    assert "is no line of a catalog" in result.stderr
    # The line itself starts, in English.
    assert run("chat", typed="CART\n", ANSWERLINE_CONTENT=str(copy)).exit_code == 0


def test_a_long_address_starts_and_is_noticed() -> None:
    settings = {"PUBLIC_BASE_URL": "https://" + "x" * 52, "ANSWERLINE_PAGE_SEGMENTS": "2"}
    assert run("chat", typed="CART\n", **settings).exit_code == 0
    result = run("check", **settings)
    assert result.exit_code == 0
    assert "takes more than its first page here" in result.stdout


def test_locales_refresh(copy: Path) -> None:
    result = run("locales", "refresh", ANSWERLINE_CONTENT=str(copy))
    assert result.stdout == "nothing to do\n"
    (copy / "locales/messages.pot").unlink()
    result = run("locales", "refresh", ANSWERLINE_CONTENT=str(copy))
    assert result.stdout == "wrote locales/messages.pot\n"


# --- classify ---


def classify(*rows: object) -> tuple[list[dict[str, str]], Result]:
    typed = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    result = run("classify", typed=typed)
    return [json.loads(line) for line in result.stdout.splitlines()], result


def test_classify() -> None:
    said, result = classify(
        {"id": "1", "text": "CART"},
        {"id": "2", "text": "GREFFE", "lang": "fr"},
        {"id": "3", "text": "and for kids", "lang": "en"},
        {"id": "4", "text": "adults", "lang": "", "context": "child.transplant"},
        {"id": "5", "text": "radiation", "context": "child.chemo"},
        {"id": "6", "text": "more", "lang": "zh-Hans"},
        {"id": "7", "text": "i want to die"},
        {"id": "8", "text": "chemo for lung cancer"},
        {"id": "9", "text": "français"},
        "",
    )
    assert result.exit_code == 0
    assert [row["label"] for row in said] == [
        "adult.cart", "adult.transplant", "menu", "adult.transplant", "child.radiation", "more",
        "crisis", "out_of_scope", "language:fr",
    ]  # fmt: skip
    assert [row["id"] for row in said] == [str(n) for n in range(1, 10)]


def test_classify_names_lines_that_it_cannot_read() -> None:
    said, result = classify("{", '["x"]', {"id": "3", "text": "CART"}, {"id": "4"}, '{"text": 1}')
    assert [row["id"] for row in said] == ["3"]
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "line 1", "line 2", "line 4", "line 5", "Error",
    ]  # fmt: skip


@pytest.mark.skipif(not SHARED.is_dir(), reason="the example texts are not beside the project")
def test_the_examples_give_hardly_a_wrong_answer() -> None:
    rows = [
        json.loads(line)
        for line in (SHARED / "evaluation/texts.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    said, _ = classify(*({k: v for k, v in row.items() if k != "gold"} for row in rows))
    wrong = [
        (row["text"], got["label"])
        for row, got in zip(rows, said, strict=True)
        if got["label"].startswith(("adult.", "child.")) and got["label"] not in row["gold"]
    ]
    assert len(wrong) * 50 < len(rows), wrong  # under two in a hundred


# --- migrate, serve ---


def test_migrate() -> None:
    applied = (
        "m001_contacts_and_messages",
        "m002_deliveries",
        "m003_unmatched",
        "m004_console",
        "m005_transcripts_and_counts",
        "m006_outbox",
        "m007_keys",
        "m008_concatenated",
    )
    assert run("migrate").stdout == "".join(f"applied {one}\n" for one in applied)
    assert run("migrate").stdout == "nothing to do\n"
    assert Path("answerline.db").exists()


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_database_that_cannot_be_is_one_clear_line(command: str) -> None:
    result = run(command, DATABASE_URL="sqlite:///gone/line.db")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: DATABASE_URL: there is no folder ")
    Path("line.db").write_text("this is no database, and long enough to be looked at " * 9)
    result = run(command, DATABASE_URL="sqlite:///line.db")
    assert result.stderr.startswith("Error: DATABASE_URL: the database line.db cannot be ")
    assert len(result.stderr.splitlines()) == 1


def test_serve_refuses_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert "Address already in use" in result.stderr


def test_serve_refuses_a_key_that_others_may_read() -> None:
    Path("answerline.key").write_text("x" * 40)
    Path("answerline.key").chmod(0o644)
    result = run("serve")
    assert result.exit_code == 1
    assert "ANSWERLINE_KEY is not set, and no key could be kept" in result.stderr
    assert "chmod 600" in result.stderr


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("example.ca", False),
    ],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert _loopback(host) is loopback


def test_text_says_what_to_do() -> None:
    result = run("text", "CART")
    assert result.exit_code == 1
    assert "answerline serve" in result.stderr
    result = run("text", "CART", "--url", "http://127.0.0.1:9/x", TWILIO_AUTH_TOKEN="t")
    assert result.exit_code == 1
    assert "http://127.0.0.1:9/x/twilio/messages does not answer" in result.stderr


def test_python_m_bot_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--version"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.startswith("answerline")


# --- understanding ---


def test_explain_shows_each_rule_and_the_label() -> None:
    told = [
        (
            "cart child",
            ["known: cart (topic adult.cart", "every word is known", "label: child.cart"],
        ),
        ("i want to die", ["crisis: want to die (crisis (en", "label: crisis"]),
        ("٣", ["the whole message is the number 3", "label: out_of_scope"]),
        ("STOP", ["the whole message is a word: carrier stop (en", "label: stop"]),
        ("does chemo hurt", ["not known: does", "not understood; it names: adult.chemo"]),
        (
            "will blina make me lose my hair",
            ["clue blina: blina", "clue side_effects: ", "out_of_scope (needs 0.50)", "label: out"],
        ),
        ("behosh", ["the whole message is a word of danger", "label: crisis"]),
        ("took the whole box of pills", ["crisis: took .. ", "label: crisis"]),
        ("asdf", ["not understood; it names: nothing", "label: out_of_scope"]),
        ("chemo radiation", ["but they ask for several things"]),
        ("化疗", ["written in CJK: zh_Hans", "language: zh_Hans"]),
        ("помогите", ["written in CYRILLIC: no language here", "asks for: no_language"]),
    ]
    for text, wanted in told:
        shown = run("explain", text).stdout
        for part in wanted:
            assert part in shown, (text, part)
    after = run("explain", "child", "--context", "adult.cart", "--language", "fr").stdout
    assert after.splitlines()[-2:] == ["language: fr", "label: child.cart"]
    after = run("explain", "what about a kid of 7 years old", "--context", "adult.cart").stdout
    assert "asks for: audience child" in after
    assert "label: child.cart" in run("explain", "cart", "--audience", "child").stdout


def test_a_store_is_copied_and_its_failures_are_shown(tmp_path: Path) -> None:
    old, new = f"sqlite:///{tmp_path}/old.db", f"sqlite:///{tmp_path}/new.db"
    store = SqliteStore(f"{tmp_path}/old.db")
    store.migrate()
    store.turn("m", b"c", 1, lambda before: (Reply("menu"), before))
    store.delivered("m", "failed", 30003, 86400)
    for number in range(5):
        store.delivered(f"n{number}", "failed", 99999, 86400)
    store.close()
    said = run("store", "failures", DATABASE_URL=old).stdout.splitlines()
    assert said[1].startswith("1970-01-02   30003     <5  the phone cannot be reached")
    assert said[0] == "1970-01-02   99999      5  see the carrier"
    done = run("store", "copy", old, DATABASE_URL=new)
    assert done.stdout == "copied 1 contacts and 1 messages\n"
    assert run("store", "failures", DATABASE_URL=new).stdout == "no reply has failed\n"
    nothing = run("store", "copy", f"sqlite:///{tmp_path}/none.db", DATABASE_URL=new)
    assert (nothing.exit_code, "is no database of a line" in nothing.stderr) == (2, True)
    wrong = run("store", "copy", "mysql://x", DATABASE_URL=new)
    assert wrong.stderr.startswith("Error: FROM: 'mysql' is not supported")


def test_chat_as_json_says_why() -> None:
    (row,) = [json.loads(one) for one in run("chat", "--json", typed="cart\n").stdout.splitlines()]
    assert row["why"][-1].startswith("asks for: topic adult.cart")
    two = run("chat", "--json", typed="CART ADULT\nwhat about a kid of 7 years old\n")
    said = [json.loads(one) for one in two.stdout.splitlines()]
    assert said[1]["why"][-1].startswith(
        "asks for: audience child"
    )  # in the light of what was shown
    assert said[1]["label"] == "child.cart"


def test_evaluate_counts_wrong_answers_first(tmp_path: Path) -> None:
    table = tmp_path / "en.tsv"
    rows = (
        "cart\tadult.cart,child.cart\tkeyword",
        "cart\tchild.cart\tkeyword",
        "asdf\tadult.chemo\ttypo",
        "kill myself\tcrisis\tcrisis",
        "STOP\tstop\toptout",
        "radiation for my kid\tout_of_scope\toos",
    )
    table.write_text("text\tlabels\tkind\n" + "\n".join(rows) + "\n")
    figures = json.loads(run("evaluate", str(table), "--json").stdout)
    assert figures["wrong answers, all rows"] == [2, 6]
    assert figures["wrong answers where out of scope is right"] == [1, 1]
    assert figures["crisis found"] == [1, 1]
    assert figures["opt-outs found"] == [1, 1]
    assert figures["right answer, in scope"] == [1, 3]
    assert figures["declined or asked back, in scope"] == [1, 3]
    assert figures["crisis false alarms, all rows"] == [0, 6]
    shown = run("evaluate", str(table), "--show", "9").stdout
    assert shown.startswith("wrong answers, all rows ")
    assert "en  'asdf': out_of_scope, wanted adult.chemo" in shown
    assert re.search(r"^keyword +2 +50\.0% +1$", shown, re.MULTILINE)
    assert re.search(r"^ +1 +adult\.chemo -> out_of_scope$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"text\tlabel\ncart\tadult.cart\n", "x.tsv:1: has no column 'labels'"),
        (b"", "x.tsv:1: has no column 'labels'"),
        (b"text\tlabels\ncart\n", "x.tsv:2: has other columns than line 1"),
        (b"text\tlabels\ncart\ta\tb\n", "x.tsv:2: has other columns than line 1"),
        (b"text\tlabels\ncart\t\n", "x.tsv:2: has other columns than line 1"),
        (b"text\tlabels\n\xff\ta\n", "x.tsv: cannot be read"),
    ],
)
def test_a_table_that_is_none_is_named(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "x.tsv").write_bytes(text)
    result = run("evaluate", str(tmp_path / "x.tsv"))
    assert result.exit_code == 1
    assert said in result.stderr


def test_what_is_kept_of_a_contact_is_shown_and_erased(tmp_path: Path) -> None:
    place = {"DATABASE_URL": f"sqlite:///{tmp_path}/line.db", "ANSWERLINE_KEY": "k" * 20}
    number = "+16045550123"
    run("migrate", **place)
    assert json.loads(run("contact", "export", number, **place).stdout) == []
    store = SqliteStore(f"{tmp_path}/line.db")
    key = contact_key(b"k" * 20, Inbound("twilio", number, "", ""))
    state = Conversation(language="fr", screen="adult.cart", heard=1_800_000_000)
    waits = Post("test", "sealed")
    store.turn("m", key, 1, lambda _: (Reply("menu"), state), posting=lambda _: [waits])
    (told,) = json.loads(run("contact", "export", number, **place).stdout)
    assert told == {
        "contact": key.hex(),
        "opted_out": False,
        "last_message": "2027-01-15T08:00:00+00:00",
        "remembered": {"language": "fr", "screen": "adult.cart", "heard": 1_800_000_000},
        "in_outbox": 1,
    }
    changed = {**place, "ANSWERLINE_KEY": "n" * 20, "ANSWERLINE_KEY_OLD": "k" * 20}
    assert run("contact", "erase", number, **changed).stdout == "erased\n"
    assert store.rows("SELECT number FROM outbox") == []
    assert run("contact", "erase", number, **place).stdout == "nothing was kept\n"
    store.turn("n", key, 1, lambda _: (Reply("stop"), Conversation(opted_out=True)))
    assert run("contact", "erase", number, **place).stdout == "erased, but for the opt-out\n"
    assert store.opted_out(key)
    assert run("contact", "erase", number, "--opt-out-too", **place).stdout == "erased\n"
    assert store.contact(key) is None
    store.close()
    wrong = run("contact", "export", "6045550123", **place)
    assert (wrong.exit_code, "+16045550123" in wrong.stderr) == (2, True)


def test_texts_that_were_not_understood_are_shown_where_they_are_kept(tmp_path: Path) -> None:
    place = {"DATABASE_URL": f"sqlite:///{tmp_path}/line.db"}
    refused = run("unmatched", **place)
    assert (refused.exit_code, "ANSWERLINE_UNMATCHED_DAYS is 0" in refused.stderr) == (1, True)
    place["ANSWERLINE_UNMATCHED_DAYS"] = "7"
    run("migrate", **place)
    assert run("unmatched", **place).stdout == "nothing was kept yet\n"
    store = SqliteStore(f"{tmp_path}/line.db")
    for text in ("does … hurt", "does … hurt", "…"):
        store.note_unmatched(Unmatched(0, "en", text))
    store.close()
    assert run("unmatched", **place).stdout.splitlines() == [
        "1970-01-01  en          1  …",
        "1970-01-01  en          2  does … hurt",
    ]
    told = json.loads(run("unmatched", "--json", **place).stdout.splitlines()[1])
    assert told == {"day": "1970-01-01", "language": "en", "text": "does … hurt", "times": 2}


def test_what_serve_needs_is_made_ready(tmp_path: Path) -> None:
    place = {"DATABASE_URL": f"sqlite:///{tmp_path}/line.db", "ANSWERLINE_KEY": "k" * 20}
    assert run("prepare", **place).exit_code == 0
    assert (tmp_path / "line.line").stat().st_mode & 0o077 == 0
    config = Config.from_env(place)
    line = prepared.kept(config)
    assert line is not None
    assert list(line.library.editions) == list(make_line(config).library.editions)
    # Made from other settings or other content, or written by somebody else, it is not read.
    assert prepared.kept(replace(config, public_base_url="https://a.example.ca")) is None
    assert prepared.kept(replace(config, key="n" * 20)) is None
    kept = (tmp_path / "line.line").read_bytes()
    (tmp_path / "line.line").write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert prepared.kept(config) is None
    (tmp_path / "line.line").write_bytes(b"")
    assert prepared.kept(config) is None
