"""Measure the product against the floors, under load, on this machine.

    python -m tests.benchmarks.run [--rounds 4] [--requests 5000] [--json]

Each server is started alone on a free loopback port with a new database, warmed up, loaded and
ended; a round does so with each in turn, and every figure is the median of the rounds. Compare
within one run only.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Final

from bot.config import SETTINGS
from tests.benchmarks import loadgen
from tests.pg import postgres

ROOT: Final = Path(__file__).resolve().parent.parent.parent
TOKEN: Final = "a-token-for-benchmarks"
BASE_URL: Final = "https://answer.example.ca"
"""25 characters, as long as the budgets of answers are meant for."""
PATH: Final = "/twilio/messages"

WORKERS: Final = 2
SENDERS: Final = 500
WARMUP: Final = 500
PACE: Final = 100.0
"""Messages a second of the open loop: what a server does when it is not driven to its limit."""
PACED: Final = 400
START_WAIT: Final = 30.0

_GRANIAN: Final = (
    "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}", "--workers",
    str(WORKERS), "--blocking-threads", "1", "--no-access-log", "--log-level", "warning",
    "--no-ws", "--factory",
)  # fmt: skip
SERVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "answerline serve": ("bot", "serve", "--port", "{port}", "--workers", str(WORKERS)),
    "best": (*_GRANIAN, "tests.benchmarks.floor:best"),
    "lib": (*_GRANIAN, "tests.benchmarks.floor:lib"),
    "answerline serve, synchronous full": (
        "bot", "serve", "--port", "{port}", "--workers", str(WORKERS),
    ),
    "answerline serve, PostgreSQL": (
        "bot", "serve", "--port", "{port}", "--workers", str(WORKERS),
    ),
    "best, PostgreSQL": (*_GRANIAN, "tests.benchmarks.floor:pg"),
    "answerline, gunicorn": (
        "gunicorn", "-w", str(WORKERS), "--threads", "1", "-b", "127.0.0.1:{port}",
        "--log-level", "warning", "bot.app:create_app()",
    ),
}  # fmt: skip
"""What to run with `python -m`."""

COLUMNS: Final = {
    "per_second": "messages/s", "cpu_us": "CPU µs/message", "p50_ms": "p50 ms", "p99_ms": "p99 ms",
    "paced_p99_ms": f"p99 ms at {PACE:.0f}/s", "pss_mib": "PSS MiB", "mean_bytes": "bytes/answer",
    "start_ms": "start ms", "prepare_ms": "prepare ms",
}  # fmt: skip


def main() -> int:
    """Run from the command line; 1 if any answer was wrong or missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=4, choices=range(1, 21), metavar="1-20")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--only", action="append", choices=SERVERS, help="only this server")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    names = options.only or list(SERVERS)
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    wrong: list[str] = []
    for number in range(options.rounds):
        # Another one first in each round, so that none is always measured after the same.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if not options.json:
                print(f"round {number + 1}: {name}", file=sys.stderr)
            figures, faults = measure(name, options.requests, options.concurrency, number)
            rounds[name].append(figures)
            wrong += [f"round {number + 1}, {name}: {fault}" for fault in faults]
    medians = {
        name: {column: statistics.median(one[column] for one in found) for column in COLUMNS}
        for name, found in rounds.items()
    }
    ratios = compared(medians)
    if options.json:
        print(json.dumps({"medians": medians, "ratios": ratios, "rounds": rounds, "wrong": wrong}))
    else:
        print(table(medians, ratios))
        print("\n".join(wrong) or "Every answer was good.")
    return int(bool(wrong))


def measure(
    name: str, requests: int, concurrency: int, seed: int
) -> tuple[dict[str, float], list[str]]:
    """Start one server, load it, end it: its figures, and what was wrong."""
    with serving(name) as (pid, url, starting):
        load = partial(loadgen.run, url, TOKEN, signed_url=BASE_URL + PATH, senders=SENDERS)
        load(WARMUP, concurrency=concurrency, seed=1000 + seed)
        full = load(requests, concurrency=concurrency, seed=seed, pid=pid)
        paced = load(PACED, concurrency=4 * concurrency, seed=2000 + seed, rate=PACE)
    figures = {column: float(getattr(full, column, 0.0)) for column in COLUMNS}
    figures |= {"paced_p99_ms": paced.p99_ms, **starting}
    faults = [
        f"{result.good} of {result.sent} were good: {result.errors}"
        for result in (full, paced)
        if result.good < result.sent
    ]
    return figures, faults


def environment() -> dict[str, str]:
    """Give what every server is told."""
    return {
        **{key: value for key, value in os.environ.items() if key not in SETTINGS},
        "TWILIO_AUTH_TOKEN": TOKEN,
        "PUBLIC_BASE_URL": BASE_URL,
        "ANSWERLINE_KEY": "a key for benchmarks only",
        "PYTHONPATH": str(ROOT),
    }


@cache
def prepared() -> tuple[bytes, float]:
    """Have the content read, once for all servers: what is kept of it, and the milliseconds."""
    with tempfile.TemporaryDirectory(prefix="answerline-") as folder:
        began = time.perf_counter()
        command = [sys.executable, "-m", "bot", "prepare"]
        subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
        took = round((time.perf_counter() - began) * 1e3, 1)
        return Path(folder, "answerline.line").read_bytes(), took


@contextmanager
def serving(name: str) -> Iterator[tuple[int, str, dict[str, float]]]:
    """Run a server with a database of its own: its process id, its address, how it started.

    `prepare_ms` is how long the product took to read its content and make its database, once for
    each content; `start_ms` is from the start of the process to its first good answer. What the
    server wrote is shown if it failed to start, or logged an error.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="answerline-"))
        log = Path(folder, "log")
        floor = f"{folder}/floor.db"
        database = f"sqlite:///{folder}/answerline.db"
        if "PostgreSQL" in name:
            database = floor = stack.enter_context(postgres(Path(folder, "pg")))
        environ = {
            **environment(),
            "DATABASE_URL": database,
            "ANSWERLINE_SPOOL": f"{folder}/spool",
            "FLOOR_DATABASE": floor,
            "ANSWERLINE_SYNCHRONOUS": "full" if "full" in name else "normal",
        }
        port = free_port()
        url = f"http://127.0.0.1:{port}{PATH}"
        command = [sys.executable, "-m", *(part.format(port=port) for part in SERVERS[name])]
        starting = {"prepare_ms": 0.0}
        if name.startswith("answerline"):
            line, starting["prepare_ms"] = prepared()
            Path(folder, "answerline.line").write_bytes(line)
            prepare = [sys.executable, "-m", "bot", "prepare"]  # the database
            subprocess.run(prepare, cwd=folder, env=environ, check=True, capture_output=True)
        with log.open("wb") as output:
            began = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, to be ended whole
            )
            try:
                starting["start_ms"] = answered(process, url, began)
                yield process.pid, url, starting
            except BaseException:
                sys.stderr.write(log.read_text(errors="replace"))
                raise
            finally:
                end(process)
        if "ERROR" in (said := log.read_text(errors="replace")):
            sys.stderr.write(said)


def answered(process: "subprocess.Popen[bytes]", url: str, began: float) -> float:
    """Wait for the first good answer; milliseconds since `began`, in steps of about 10."""
    host, port = loadgen.loopback(url)
    while time.perf_counter() - began < START_WAIT and process.poll() is None:
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            time.sleep(0.01)
            continue
        result = loadgen.run(
            url, TOKEN, 1, signed_url=BASE_URL + PATH, concurrency=1, timeout=10, max_seconds=10
        )
        if result.good:
            return round((time.perf_counter() - began) * 1e3, 1)
        time.sleep(0.01)
    raise RuntimeError(f"{url} did not answer; the server's status is {process.poll()}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a server, and those of its workers that are left."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(15)


def free_port() -> int:
    """Give a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compared(medians: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Divide the product's figures by the floors'."""
    pairs = (
        ("answerline serve", "best"), ("answerline serve", "lib"),
        ("answerline serve, PostgreSQL", "best, PostgreSQL"),
        ("answerline serve, synchronous full", "answerline serve"),
    )  # fmt: skip
    return {
        f"{column} {product} / {floor}": round(medians[product][column] / medians[floor][column], 2)
        for product, floor in pairs
        for column in ("cpu_us", "per_second")
        if product in medians and floor in medians
    }


def table(medians: Mapping[str, Mapping[str, float]], ratios: Mapping[str, float]) -> str:
    """Write the figures as a Markdown table and the ratios as a list."""
    rows = [["server", *COLUMNS.values()], ["---", *("---:" for _ in COLUMNS)]]
    for name, figures in medians.items():
        rows.append([name, *(f"{v:.0f}" if v >= 100 else f"{v:.1f}" for v in figures.values())])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *(f"- {name}: {value}" for name, value in ratios.items())])


if __name__ == "__main__":
    sys.exit(main())
