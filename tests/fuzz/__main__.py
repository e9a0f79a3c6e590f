"""Feed one part of the line with inputs that nobody would write, and see what does not hold.

    python -m tests.fuzz TARGET [--minutes 10] [--seeds FOLDER]

TARGET is one of webhook, understanding, sms, spool and catalogs, or all of them, one after the
other. FOLDER has a folder of inputs for each: the run begins from those, and leaves in their place
a small set that takes all the branches that were found, besides what broke anything. Exit
status 1 where something broke: its input is kept as crash-..., and the tests fail until it passes.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.content import read
from bot.line import Line
from tests.fuzz import LINE, TARGETS
from tests.fuzz.known import ROOT

SEEDS: Final = Path(__file__).resolve().parent / "seeds"
BASE_URL: Final = "https://answer.example.ca"
MOST_SEEDS: Final = 50
LARGEST_SEED: Final = 2000
"""Bytes of an input; a few of them can make a text of thousands of characters."""
LIMITS: Final = (f"-max_len={LARGEST_SEED}", "-timeout=30", "-rss_limit_mb=3000", "-len_control=20")
BROKEN: Final = ("crash-", "timeout-", "oom-")


def main(args: Sequence[str] | None = None) -> int:
    """Run as told; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=(*TARGETS, "all"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=Path, default=SEEDS, metavar="FOLDER")
    chosen = parser.parse_args(args)
    try:
        import atheris  # noqa: F401, PLC0415 - only to tell in time that it is missing
    except ImportError:
        print("the fuzzer atheris is not installed: pip install -e '.[fuzz]'", file=sys.stderr)
        return 2
    names = TARGETS if chosen.target == "all" else (chosen.target,)
    line = set_up()
    sound = [run(name, chosen.minutes, chosen.seeds.resolve() / name, line) for name in names]
    return 0 if all(sound) else 1


def set_up() -> bytes:
    """Set the line up, and write it down for the processes that fuzz."""
    line = Line.of(read(ROOT).library, BASE_URL)
    assert line.layout.screens  # cut now, and not by each of them
    return pickle.dumps(line)


def run(name: str, minutes: float, seeds: Path, line: bytes) -> bool:
    """Fuzz one target and keep what was found; tell whether nothing broke."""
    print(f"--- {name}: {minutes:g} minutes", flush=True)
    seeds.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as kept:
        folder = Path(kept)
        (folder / LINE).write_bytes(line)
        found, branches, counts = (folder / one for one in ("found", "branches", "counts"))
        for new in (found, branches, counts):
            new.mkdir()
        status = child(
            name, folder, f"-max_total_time={int(minutes * 60)}", f"-artifact_prefix={seeds}/",
            "-print_final_stats=1", "-report_slow_units=5", str(found), str(seeds),
        )  # fmt: skip
        merged = [
            child(
                name, folder, "-set_cover_merge=1", f"-artifact_prefix={folder}/", *more,
                str(into), str(found), str(seeds),
            )
            for into, more in ((branches, ("-use_counters=0",)), (counts, ()))
        ]  # fmt: skip
        if not any(merged):
            replace(seeds, branches, counts)
    return status == 0


def child(name: str, folder: Path, *options: str) -> int:
    """Run the instrumented process to its end; give its exit status."""
    command = [sys.executable, "-m", "tests.fuzz.child", name, str(folder), *LIMITS, *options]
    # Sets are walked in an order that would change from run to run, and with it the branches.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def replace(seeds: Path, *sets: Path) -> None:
    """Put minimised sets in place of the seeds, the first as far as it goes; what broke stays."""
    chosen: dict[str, bytes] = {}
    for one in sets:
        there = sorted(one.iterdir(), key=lambda path: (path.stat().st_size, path.name))
        step = max(1.0, len(there) / max(1, MOST_SEEDS - len(chosen)))  # of every size some
        for path in [there[int(n * step)] for n in range(int(len(there) / step))]:
            if len(chosen) < MOST_SEEDS:
                chosen[path.name[:16]] = path.read_bytes()
    for path in seeds.iterdir():
        if chosen and not path.name.startswith(BROKEN):
            path.unlink()
    for name, content in chosen.items():
        (seeds / name).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
