"""The tools that hold the code to its rules, run as tests; and the rules shown to hold."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .conftest import ROOT


def tool(*args: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *args], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "args",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--check", "--no-cache", "."),
        ("mypy", "--cache-dir", "/dev/null"),
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_tool(args: tuple[str, ...]) -> None:
    done = tool(*args)
    assert done.returncode == 0, done.stdout + done.stderr


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )


def test_imports_keep_their_contracts() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: \d+ kept, 0 broken", done.stdout)


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("conversation", "import flask", "The pure rooms know no framework"),
        ("library", "import sqlite3", "The pure rooms know no framework"),
        ("understanding/words", "import time", "The pure rooms know no framework"),
        ("sms", "import logging", "The pure rooms know no framework"),
        ("pages", "from bot import conversation", "Imports go one way"),
        ("model", "from bot import sms", "Imports go one way"),
        ("channels/twilio", "from bot import app", "Imports go one way"),
        ("store/sqlite", "from bot import turn", "Imports go one way"),
    ],
)
def test_a_broken_contract_is_found(
    tmp_path: Path, module: str, statement: str, contract: str
) -> None:
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "bot" / f"{module}.py"
    path.write_text(path.read_text(encoding="utf-8") + f"\n{statement}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert re.search(rf"{contract}.* BROKEN", done.stdout)


def test_every_room_is_in_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = " ".join(contracts["contracts"][0]["layers"])
    rooms = {p.stem for p in (ROOT / "bot").iterdir() if p.suffix == ".py" or p.is_dir()}
    rooms -= {"__init__", "__main__", "__pycache__", "messages", "locales", "templates"}
    assert rooms == {name.removeprefix("bot.") for name in re.findall(r"bot\.\w+", layers)}


def test_requirements_pin_what_pyproject_asks_for() -> None:
    """Exact versions with hashes, no address of a registry, and nothing missing."""
    text = (ROOT / "requirements.txt").read_text()
    pins = dict(re.findall(r"^([\w.-]+)==([^\s\\;]+)", text, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in project["dependencies"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(pins[wanted.name]), line
        assert re.search(r">=", str(wanted.specifier)), f"{line} has no lower bound"
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index-url" not in text


def test_the_wheel_carries_the_content(tmp_path: Path) -> None:
    done = tool("build", "--wheel", "--no-isolation", "--outdir", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in (
        "store/schema/0001-contacts-and-messages.sql",
        "templates/answer.html",
        "console/templates/layout.html",
        "console/static/console.css",
        "messages/phrases.toml",
        "messages/topics/cart.toml",
        "locales/fr/LC_MESSAGES",
    ):
        assert any(name.startswith(f"bot/{file}") for name in names)
    assert not any(name.startswith("tests/") for name in names)


def test_the_benchmarks_run() -> None:
    """A short run of each, so that they do not fall behind the code; no time is judged."""
    done = tool("tests.benchmarks.pure", "--json")
    assert done.returncode == 0, done.stderr
    done = tool("tests.benchmarks.run", "--rounds", "1", "--requests", "200", "--json")
    assert done.returncode == 0, done.stderr
    assert "per_second" in done.stdout
