"""From a page to an answer and back: what the README tells an editor to do, done."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import polib
import pytest
from click.testing import CliRunner, Result
from twilio.request_validator import RequestValidator

from bot import reviews
from bot.cli import main
from bot.config import Config
from bot.content import read
from bot.making import make_line
from bot.problems import ContentError
from bot.transcripts import play

from .conftest import ROOT
from .test_serve import PATIENCE, answerline, environment, free_port, serving, text

PAGE = ROOT / "tests/fixtures/pages/rest.html"
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = '"melatonin", "Restoral", "modafinil", "Alertec", "methylphenidate", "Ritalin", "MAO"'

TEXTS = {
    "rest": ("Tired", "tired, fatigue", ["You may be very tired for 6 weeks, sometimes longer.",
                                         "It is no sign that treatment failed."]),
    "what-can-help": ("What helps", "help me rest, sleep",
                      ["It may help to walk 20 minutes a day.", "Water usually helps too."]),
    "medicines": ("Medicines", "medicine, modafinil",
                  ["Modafinil (Alertec) may be given, usually from 18 to 65.",
                   "Methylphenidate (Ritalin) is another one. It can raise the pulse.",
                   "Children can get other medicines."]),
    "when-to-call": ("When to call", "when to call",
                     ["Call if you are tired for more than 12 weeks, or have a fever of 38.5.",
                      "Call 9-1-1 if you faint."]),
}  # fmt: skip
OWN_WORDS = {
    "FRANÇAIS: FR. More languages: {language}.": "Languages: {language}.",
    "relapsed or refractory ALL, a kind of leukemia": "resting after treatment",
    "on relapsed or refractory ALL": "on resting after treatment",
    "relapsed or refractory ALL": "resting after treatment",
    "leukemia info by text (relapsed ALL)": "resting after treatment, by text",
    "CHEMO or TRANSPLANT": "TIRED or SLEEP",
}
IN_FRENCH = {
    "Modafinil (Alertec) may be given, usually from 18 to 65.":
        "Le modafinil (Alertec) peut servir, souvent de 18 à 65 ans.",
    "Methylphenidate (Ritalin) is another one. It can raise the pulse.":
        "Le methylphenidate (Ritalin) en est un autre. Il peut faire battre le pouls.",
    "Children can get other medicines.": "Les enfants peuvent en avoir d'autres.",
}  # fmt: skip


def block(after: str) -> list[str]:
    """The commands of the README's first block after some words."""
    found = re.search(r"```sh\n(.*?)```", README.split(after)[1], re.DOTALL)
    assert found
    return found[1].replace("\\\n", " ").strip().splitlines()


def follow(folder: Path, commands: list[str]) -> list[subprocess.CompletedProcess[str]]:
    """Do what the README says, in a checkout that is a folder of a test."""
    own = f"{sys.executable} -m bot"
    script = [one.split("  #")[0].replace(".venv/bin/answerline", own) for one in commands]
    return [
        subprocess.run(
            ["bash", "-c", one], cwd=folder, env=environment(ANSWERLINE_CONTENT="my-line"),
            capture_output=True, text=True, check=False, timeout=60,
        )
        for one in script
        if not one.startswith("export")
    ]  # fmt: skip


def write_texts(folder: Path) -> None:
    for topic, (title, keywords, pages) in TEXTS.items():
        path = folder / f"messages/topics/{topic}.toml"
        said = path.read_text(encoding="utf-8")
        said = said.replace('title = ""', f'title = "{title}"')
        said = said.replace('keywords = ""', f'keywords = "{keywords}"')
        for number, page in enumerate(pages, 1):
            section = "introduction" if topic == "rest" else topic
            cite = f"[{section}:{number}]"
            assert f'"{cite}"' in said
            said = said.replace(f'"{cite}"', f'"{page} {cite}"')
        path.write_text(said, encoding="utf-8")
    checks = folder / "messages/checks.toml"
    said = checks.read_text(encoding="utf-8")
    said = re.sub(r"names = \[.*?\]", f"names = [{NAMES}]", said, flags=re.DOTALL)
    checks.write_text(said, encoding="utf-8")
    documents = folder / "messages/documents.toml"
    said = documents.read_text(encoding="utf-8")
    documents.write_text(said.replace('support_line = ""', 'support_line = "1-800-555-0199"'))
    phrases = folder / "messages/phrases.toml"
    said = phrases.read_text(encoding="utf-8")
    phrases.write_text(in_own_words(said), encoding="utf-8")


def in_own_words(said: str) -> str:
    for old, new in OWN_WORDS.items():
        said = said.replace(old, new)
    return said


def in_french(folder: Path) -> None:
    """Give the line its French again, and a French answer."""
    run(folder, "locales", "new", "fr")
    path = folder / "locales/fr/LC_MESSAGES/messages.po"
    ours = polib.pofile(str(ROOT / "locales/fr/LC_MESSAGES/messages.po"))
    known = {(one.msgctxt, in_own_words(one.msgid)): one.msgstr for one in ours}
    catalog = polib.pofile(str(path), wrapwidth=0)
    for entry in catalog:
        entry.msgstr = IN_FRENCH.get(entry.msgid, known.get((entry.msgctxt, entry.msgid), ""))
    catalog.save()
    run(folder, "locales", "refresh")


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(main, args, env={"ANSWERLINE_CONTENT": str(folder)})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A line of its own, made as the README tells; a test copies it."""
    folder = tmp_path_factory.mktemp("charity")
    shutil.copytree(ROOT / "messages", folder / "messages")
    (folder / "tests").symlink_to(ROOT / "tests")
    for done in follow(folder, block("begin with an empty folder")):
        assert done.returncode == 0, done.stderr
    add, check = follow(folder, block("### Add a page, or begin a line of your own"))
    assert add.returncode == 0, add.stderr
    assert "wrote messages/topics/what-can-help.toml" in add.stdout
    # What a person still has to write is listed, by file and key.
    assert check.returncode == 1
    for said in (
        "messages/documents.toml: support_line: is missing",
        "messages/topics/medicines.toml: title: is empty",
        "messages/topics/medicines.toml: keywords: are missing",
        "messages/topics/medicines.toml: adult.gist: is empty",
        "messages/topics/medicines.toml: adult.more[1]: is empty",
        "messages/topics/rest.toml: adult.gist: is empty",
    ):
        assert said in check.stderr
    line = folder / "my-line"
    write_texts(line)
    return line


@pytest.fixture
def small(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "line"
    subprocess.run(["cp", "-r", str(made), str(folder)], check=True)
    # The facts of names that were listed after the page was recorded.
    run(folder, "documents", "compare", str(PAGE), "--accept")
    (folder / reviews.FILE).unlink()
    return folder


class Load:
    """People who text MEDICINE, one after the other, each from a number of their own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/twilio/messages"
        self.replies: list[str] = []
        self.statuses: list[int] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.text, args=(n,)) for n in (1, 2)]
        for thread in self.threads:
            thread.start()

    def text(self, thread: int) -> None:
        validator = RequestValidator("token")
        for n in range(10_000, 100_000):
            if self.over.is_set():
                return
            form = {
                "MessageSid": f"SM{thread}-{n}",
                "From": f"+1604{thread}{n:06}",
                "NumMedia": "0",
            }
            form |= {"To": "+15145550100", "Body": "MEDICINE"}
            headers = {"X-Twilio-Signature": validator.compute_signature(self.url, form)}
            try:
                answer = httpx.post(
                    self.url, data=form, headers=headers, timeout=15, trust_env=False
                )
                self.replies.append(answer.text)
                self.statuses.append(answer.status_code)
            except httpx.HTTPError as error:
                self.replies.append(repr(error))
                self.statuses.append(0)
            time.sleep(0.02)

    def wait_for(self, word: str, *, only: bool = False) -> None:
        """Wait until people get this, or until for a while all of them do."""
        deadline, wanted = time.monotonic() + PATIENCE, 60 if only else 1
        while time.monotonic() < deadline:
            begun = len(self.replies)
            while len(self.replies) < begun + wanted and time.monotonic() < deadline:
                time.sleep(0.05)
            got = self.replies[begun:]
            if all(word in one for one in got):
                return
        raise AssertionError(f"{word}: {Counter(self.replies[-wanted:])}")

    def end(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def hang_up(folder: Path) -> None:
    os.kill(int((folder / "pid").read_text()), signal.SIGHUP)


def wait_for_log(log: Path, word: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while word not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def changed(folder: Path, old: str, new: str) -> Path:
    page = folder.parent / "page.html"
    said = PAGE.read_text(encoding="utf-8")
    assert old in said
    page.write_text(said.replace(old, new), encoding="utf-8")
    return page


def test_from_a_page_to_answering(small: Path) -> None:
    """The walk of the README: no code was touched, and a person is answered by the webhook."""
    assert run(small, "locales", "refresh").exit_code == 0
    checked = run(small, "check")
    assert checked.exit_code == 0, checked.stderr
    port, settings = free_port(), {"ANSWERLINE_CONTENT": str(small)}
    folder = small.parent
    with serving(answerline("serve", "--port", str(port)), port, folder, **settings):
        said = text(folder, port, "TIRED", **settings).stdout
        for part in ("For adults: You may be very tired", "1-800-555-0199", "//example.org/rest"):
            assert part in said
        said = text(folder, port, "is chemo good for my son", **settings).stdout
        assert "1-800-555-0199" in said
        assert "chemo" not in said.casefold()
        assert "9-1-1" in text(folder, port, "i want to die", **settings).stdout


def test_audiences_without_an_answer(small: Path) -> None:
    line = make_line(Config.from_env({"ANSWERLINE_CONTENT": str(small)}))
    assert line.library.audiences == ("adult",)
    said = play("> TIRED\n> CHILD\n> MENU\n> 3\n> TIRED CHILD\n> ADULT\n> LANGUAGE\n> 1\n", line)
    assert "For children" not in said
    assert said.count("The page about children has no part on this (Tired)") == 2
    assert "1 Tired" in said


def test_comparing(small: Path) -> None:
    folder = small.parent
    same = run(small, "documents", "compare", str(PAGE))
    assert (same.exit_code, same.stdout) == (0, f"rest: unchanged, 9 paragraphs ({PAGE})\n")
    in_french(small)
    page = changed(small, "18 to 65", "21 to 65")
    found = run(small, "documents", "compare", str(page))
    assert found.exit_code == 1
    assert found.stdout.splitlines()[1:] == [
        "  rest#medicines:1 changed: no longer has 18; now has 21",
        "  touches adult.medicines (en fr): rest#medicines:1",
    ]
    page = changed(small, "It may last", "It lasts")
    found = run(small, "documents", "compare", str(page)).stdout
    assert "touches adult.rest (en): rest#introduction:1" in found  # that answer has no French
    assert not (small / reviews.FILE).exists()  # comparing alone writes nothing
    (folder / "other.txt").write_text("Something else\n\nQuite another text.\n")
    for args, wanted in (
        ([str(folder / "other.txt")], "is none of the pages rest"),
        ([str(folder / "nothing")], "does not exist"),
        ([str(small / "locales")], "has no .txt or .html or .htm file"),
        ([], "name files or folders, or --live"),
    ):
        found_ = run(small, "documents", "compare", *args)
        assert (found_.exit_code, wanted in found_.stderr) == (2, True), found_.stderr


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_comparing_live(small: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(PAGE.parent)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    documents = small / "messages/documents.toml"
    said = documents.read_text()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        documents.write_text(said.replace("https://example.org/rest", f"{base}/rest.html"))
        assert run(small, "documents", "compare", "--live").exit_code == 0
        documents.write_text(said.replace("https://example.org/rest", f"{base}/gone.html"))
        gone = run(small, "documents", "compare", "--live")
        assert (gone.exit_code, "404" in gone.stderr) == (2, True)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    documents.write_text(said.replace("https://example.org/rest", f"{base}/rest.html"))
    closed = run(small, "documents", "compare", "--live")
    assert (closed.exit_code, "Connection refused" in closed.stderr) == (2, True)


def test_accepting_follows_paragraphs_and_holds_answers_back(small: Path) -> None:
    modafinil = "<p>Modafinil (Alertec) may be given"
    page = changed(small, modafinil, f"<p>Ask about them first.</p>{modafinil}")
    found = run(small, "documents", "compare", str(page), "--accept")
    assert found.exit_code == 1
    assert "wrote messages/topics/medicines.toml: its citations follow" in found.stdout
    assert "adult.medicines is withdrawn until it is signed off" in found.stdout
    topic = (small / "messages/topics/medicines.toml").read_text()
    assert [re.findall(r"\[medicines:\d\]", topic)] == [[f"[medicines:{n}]" for n in (2, 3, 4)]]
    assert run(small, "documents", "compare", str(page)).exit_code == 0
    status = run(small, "documents", "status").stdout
    assert "adult.medicines        HELD BACK: rest#medicines:1 added" in status
    assert "no answer cites rest#medicines:1" in status
    assert f"compared {datetime.now(UTC).date()}" in status
    # One that went: the sentence cites nothing, and says so.
    (small / reviews.FILE).unlink()
    gone = changed(small, "<p>Call 9-1-1 if you faint.</p>", "")
    assert (
        "removed: a paragraph" in run(small, "documents", "compare", str(gone), "--accept").stdout
    )
    fault = "when-to-call.toml: adult.more[0]: 'Call 9-1-1 if you faint.' cites nothing"
    assert fault in run(small, "check").stderr
    make_line(Config.from_env({"ANSWERLINE_CONTENT": str(small)}))  # it is held back: the line runs
    (small / reviews.FILE).unlink()
    with pytest.raises(ContentError, match="cites nothing"):
        read(small)


def test_a_sign_off_brings_an_answer_back(small: Path) -> None:
    today = datetime.now(UTC).date()
    run(small, "locales", "refresh")
    held = run(small, "documents", "withdraw", "adult.medicines", "--because", "a new drug")
    assert (held.exit_code, held.stdout) == (
        0, "adult.medicines is withdrawn: messages/reviews.toml\n",
    )  # fmt: skip
    assert "HELD BACK: a new drug" in run(small, "documents", "status").stdout
    assert run(small, "check").exit_code == 0
    done = run(small, "documents", "sign-off", "adult.medicines", "--by", "A. Editor",
               "--review-by", str(today + timedelta(days=30)))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    kept = (small / reviews.FILE).read_text()
    assert "A. Editor" in kept
    assert str(today) in kept
    assert "withdrawn =" not in kept
    assert f"signed off {today} by A. Editor" in run(small, "documents", "status").stdout
    # The text changes: said, and still sent. What it cites is recorded otherwise: held back.
    topic = small / "messages/topics/medicines.toml"
    topic.write_text(topic.read_text().replace("is another one", "is one more"))
    assert "text changed since" in run(small, "documents", "status").stdout
    documents = small / "messages/documents.toml"
    mark = read(small).library.documents["rest"].sections["medicines"].paragraphs[0].fingerprint
    documents.write_text(documents.read_text().replace(mark, "0" * 16))
    assert "HELD BACK: its source is not what was signed off" in (
        run(small, "documents", "status").stdout
    )
    # It is not signed off while it says what its source does not.
    topic.write_text(topic.read_text().replace("18 to 65", "17 to 65"))
    refused = run(small, "documents", "sign-off", "adult.medicines", "--by", "A. Editor")
    assert refused.exit_code == 1
    assert "medicines.toml: adult.gist: has 17, which medicines:1 has not" in refused.stderr


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["sign-off", "adult.none", "--by", "A"], "'adult.none' is none of adult.rest"),
        (["sign-off", "adult.rest", "--by", " "], "names nobody"),
        (["sign-off", "adult.rest", "--by", "A", "--review-by", "2020-01-01"], "is over"),
        (["sign-off", "adult.rest", "--by", "A", "--review-by", "soon"], "does not match"),
        (["withdraw", "rest", "--because", "x"], "'rest' is none of"),
        (["add", str(PAGE), "--id", "A b", "--audience", "adult", "--url", "en=x",
          "--publisher", "en=x"], "is no name such as adult-all"),
        (["add", str(PAGE), "--id", "rest", "--audience", "adult", "--url", "en=x",
          "--publisher", "en=x"], "'rest' is in messages/documents.toml already"),
        (["add", str(PAGE), "--id", "b", "--audience", "pets", "--url", "en=x",
          "--publisher", "en=x"], "'pets' is not one of"),
        (["add", str(PAGE), "--id", "b", "--audience", "child", "--url", "fr=x",
          "--publisher", "en=x"], "lacks the English one"),
        (["add", str(PAGE), "--id", "b", "--audience", "child", "--url", "x",
          "--publisher", "en=x"], "is LANGUAGE=TEXT"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(small: Path, args: list[str], wanted: str) -> None:
    before = {path: path.read_bytes() for path in small.rglob("*.toml")}
    result = run(small, "documents", *args)
    assert result.exit_code == 2
    assert wanted in result.stderr
    assert before == {path: path.read_bytes() for path in small.rglob("*.toml")}


def test_a_page_for_children_joins_the_topics_that_are_there(small: Path) -> None:
    done = run(small, "documents", "add", str(PAGE), "--id", "rest-child", "--audience", "child",
               "--url", "en=https://example.org/child", "--publisher", "en=X",
               "--leave-out", "Last medical", "--ends-at", "References")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "wrote messages/topics/medicines.toml" in done.stdout
    topic = (small / "messages/topics/medicines.toml").read_text()
    assert '[child]\nsource = "rest-child"' in topic
    assert "Modafinil (Alertec) may be given" in topic  # what was there is there


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('["adult.none"]\nwithdrawn = 2026-01-01', "adult.none: is no answer"),
        ('["adult.rest"]\nwithdrawn = "soon"', "adult.rest: "),
        ('["adult.rest"]\nwithdraw = 2026-01-01', "adult.rest: "),
        ("[", "cannot be read"),
    ],
)
def test_a_line_that_cannot_be_read_stops_the_start(small: Path, written: str, wanted: str) -> None:
    """Or an answer that was held back would be sent."""
    (small / reviews.FILE).write_text(written)
    with pytest.raises(ContentError, match=f"messages/reviews.toml: {wanted}"):
        read(small)


def test_what_a_person_gets_meanwhile(small: Path) -> None:
    in_french(small)
    reviews.withdraw(small, ["adult.medicines"], "x", date(2026, 1, 1))
    line = make_line(Config.from_env({"ANSWERLINE_CONTENT": str(small)}))
    said = play("> MEDICINE\n> FR\n> MORE\n> TIRED\n> EN\n> ABOUT\n", line)
    expected = """\
> MEDICINE
< For adults: We are checking this answer (Medicines), so we do not send it now. The full page:
< https://example.org/rest
< Call 1-800-555-0199
< General info, not a doctor. HELP, STOP.
"""
    assert said.startswith(expected)
    assert "Alertec" not in said
    assert "Nous vérifions cette réponse" in said
    assert (
        'Last answer: Tired, from the page "Resting well after treatment" of the Example Charity, '
        'part "Resting well after treatment". We last compared it on 20' in said
    )


def test_a_review_day_passes_while_the_line_runs(small: Path) -> None:
    """The last day counts; the transcript's clock begins on 2027-01-15."""
    (small / reviews.FILE).write_text('["adult.medicines"]\nreview_by = 2027-01-15\n')
    line = make_line(Config.from_env({"ANSWERLINE_CONTENT": str(small)}))
    said = play("> MEDICINE\n@ +20h\n> MEDICINE\n", line).split("@ +20h")
    assert "Modafinil (Alertec) may be given" in said[0]
    assert "We are checking this answer (Medicines)" in said[1]


def test_a_running_server_takes_up_content_and_drops_nothing(small: Path) -> None:
    """Withdraw, sign off and break the content, each with a hangup signal, under load."""
    run(small, "locales", "refresh")
    port, folder = free_port(), small.parent
    settings = {
        "ANSWERLINE_CONTENT": str(small), "TWILIO_AUTH_TOKEN": "token", "ANSWERLINE_KEY": "k" * 32,
    }  # fmt: skip
    command = answerline("serve", "--port", str(port), "--pid-file", str(folder / "pid"))
    with serving(command, port, folder, **settings) as log:
        load = Load(port)
        try:
            load.wait_for("Modafinil")
            for args, word in (
                (["withdraw", "adult.medicines", "--because", "x"], "We are checking"),
                (["sign-off", "adult.medicines", "--by", "A. Editor"], "Modafinil"),
            ):
                assert run(small, "documents", *args).exit_code == 0
                hang_up(folder)
                load.wait_for(word, only=True)
            (small / "messages/phrases.toml").write_text("[")
            hang_up(folder)
            wait_for_log(log, "the content is left as it was, as it has faults")
            load.wait_for("Modafinil", only=True)
        finally:
            load.end()
        assert set(load.statuses) == {200}
        assert "messages/phrases.toml" in log.read_text()
        assert not any("Traceback" in line for line in log.read_text().splitlines())
    assert not (folder / "pid").exists()
