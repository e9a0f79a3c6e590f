"""README.md says what is so: its commands, settings, files and addresses are checked."""

import re
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import click
import pytest

from bot import console
from bot.api.app import create_api
from bot.api.keys import Keys
from bot.app import NAME, create_app
from bot.channels.twilio import PATH
from bot.cli import main
from bot.config import SETTINGS, Config
from bot.line import Line
from bot.samples import SAMPLES
from bot.transcripts import play
from bot.turn import Turns

from .conftest import BASE_URL, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    lines = re.findall(r"^\| (.+) \|$", section(title), re.MULTILINE)[1:]
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def leaves(group: click.Group, name: str) -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for key in group.list_commands(context):
        command = group.get_command(context, key)
        assert command is not None
        if isinstance(command, click.Group):
            found |= leaves(command, f"{name} {key}")
        if not isinstance(command, click.Group) or command.invoke_without_command:
            found[f"{name} {key}"] = command
    return found


def test_every_command_and_option_is_told() -> None:
    told = {row[0].strip("`"): row[1] for row in rows("Commands")}
    commands = leaves(main, "answerline")
    assert set(told) == set(commands)
    for name, command in commands.items():
        options = {o for p in command.params for o in p.opts if o.startswith("--")}
        assert set(re.findall(r"`(--[\w-]+)`", told[name])) == options, name


def test_every_setting_is_told() -> None:
    assert sorted(row[0].strip("`") for row in rows("Settings")) == sorted(SETTINGS)
    mentioned = set(re.findall(r"\b(?:TWILIO|ANSWERLINE)_[A-Z_]+\b", README))
    assert mentioned - {"ANSWERLINE_WRITE_TRANSCRIPTS"} <= set(SETTINGS)


def test_defaults_are_as_told() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("Settings")}
    config = Config.from_env({})
    assert told["PORT"] == str(config.port)
    assert told["WEB_CONCURRENCY"] == str(config.workers)
    assert told["TWILIO_OPT_OUT"] == config.twilio_opt_out
    assert told["DATABASE_URL"] == f"sqlite:///{config.database}"
    assert told["ANSWERLINE_PAGE_SEGMENTS"] == (
        f"{config.gsm7_segments}, and {config.ucs2_segments} in UCS-2"
    )


def test_the_sample_conversation_is_what_comes(line: Line) -> None:
    sample = README.split("```text\n")[1].split("```")[0]
    texts = re.findall(r"^> .+$", sample, re.MULTILINE)
    played = play("\n".join(texts) + "\n", line)
    assert re.sub(r"\s+", " ", sample) == re.sub(r"\s+", " ", played.replace("< ", ""))


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:bot|tests|messages|locales)/[\w./-]*)`", README)
    named += re.findall(r"\]\(([\w./]+)\)", README)
    assert len(named) > 10
    for name in named:
        assert (ROOT / name).exists(), name


def test_addresses_are_served(config: Config) -> None:
    assert f"https://answer.example.ca{PATH}" in README
    app = create_app(replace(config, status="public"))
    rules = {str(rule) for rule in app.url_map.iter_rules()} | {console.PATH}
    assert set(re.findall(r"`(/\w+)`", README)) <= rules
    assert BASE_URL in README


RECIPES = {
    "WhatsApp (Cloud API)": "whatsapp",
    "Facebook Messenger": "messenger",
    "Telegram": "telegram",
    "Vonage": "vonage",
    "RapidPro and TextIt": "rapidpro",
    "Chatwoot": "chatwoot",
    "Your own code": "",
}
LONGEST_RECIPE = 15


@pytest.fixture(scope="module")
def served(line: Line, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The addresses of an app with every channel and the API."""
    database = tmp_path_factory.mktemp("readme") / "line.db"
    settings = {"DATABASE_URL": f"sqlite:///{database}", "ANSWERLINE_KEY": "k" * 16}
    for name in SAMPLES:
        settings |= SAMPLES[name].settings("http://127.0.0.1:9")
    app = create_app(Config.from_env(settings), line)
    turns: Turns = app.extensions[NAME]
    asked = create_api(Config.from_env(settings), turns, Keys(turns.store, turns.clock))
    rules = {str(rule) for rule in app.url_map.iter_rules()}
    return rules | {f"/api{rule}" for rule in asked.url_map.iter_rules()}


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_is_short_and_names_what_there_is(title: str, served: set[str]) -> None:
    recipe = README.split(f"\n#### {title}\n")[1].split("\n#### ")[0].split("\n### ")[0].strip()
    lines = recipe.splitlines()
    assert len(lines) <= LONGEST_RECIPE, len(lines)
    named = set(re.findall(r"\b[A-Z]+_[A-Z_]+[A-Z]\b", recipe)) - {"BOT_TOKEN"}
    if name := RECIPES[title]:
        assert set(SAMPLES[name].settings("http://127.0.0.1:9")) - named <= {
            f"{name.upper()}_API_URL"
        }
    assert named <= set(SETTINGS)
    paths = re.findall(r"https://answer\.example\.ca(/[\w/]*)", recipe)
    paths += re.findall(r"`(?:GET )?(/api/v1/[\w.]*)`", recipe)
    assert paths
    assert set(paths) <= served


def test_the_platforms_are_all_of_them() -> None:
    assert set(filter(None, RECIPES.values())) | {"twilio"} == set(SAMPLES)


def test_the_commands_in_code_blocks_exist() -> None:
    for words in re.findall(r"\.venv/bin/answerline ([\w -]+)", README):
        name = "answerline " + " ".join(words.split())
        known = leaves(main, "answerline")
        assert any(name.startswith(command) for command in known), name


def test_ci_runs_the_test_command_of_the_readme(tmp_path: Path) -> None:
    script = (ROOT / ".ci/run").read_text()
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/run").write_text(script)
    (tmp_path / "README.md").write_text(
        "<!-- test -->\n```sh\necho the command $((6 * 7))\n```\n<!-- /test -->\n"
    )
    done = subprocess.run(
        ["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "the command 42"
    assert "<!-- test -->\n```sh\npython3 -m venv " in README
    (tmp_path / "README.md").write_text("nothing\n")
    assert subprocess.run(["bash", ".ci/run"], cwd=tmp_path, check=False).returncode == 1


def test_the_procfile_names_commands(capsys: pytest.CaptureFixture[str]) -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    processes = dict(line.split(": ", 1) for line in lines)
    assert set(processes) == {"web", "release", "worker"}
    for command in processes.values():
        words = command.split()
        assert words[:3] == ["python", "-m", "bot"]
        with pytest.raises(SystemExit) as ended:
            main([words[3], "--help"])
        assert ended.value.code == 0
    capsys.readouterr()


def test_python_and_licence_are_as_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11 or later" in README
    assert project["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
