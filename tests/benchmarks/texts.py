"""What it takes to understand a text: time a text, and what free text adds to a process.

    python -m tests.benchmarks.texts

Times are of this machine and move from run to run; the ratio is of one run: how much longer a text
takes than it would if keywords were all that is known.
"""

import csv
import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

from bot.content import read
from bot.library import FreeText, Library
from bot.line import Line
from bot.understanding import understand

ROOT = Path(__file__).parents[2]
TABLES = sorted((ROOT / "tests/texts").glob("*.tsv"))


def texts() -> list[str]:
    """Give every text of the labelled tables."""
    found = []
    for path in TABLES:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            found += [row["text"] for row in table]
    return found


def resident() -> float:
    """Give the megabytes that this process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def timed(library: Library) -> tuple[Line, float, float]:
    """Set a line up; give it with the seconds and megabytes that it took."""
    megabytes, start = resident(), time.perf_counter()
    line = Line.of(library)
    return line, time.perf_counter() - start, resident() - megabytes


def spread(line: Line, said: list[str]) -> tuple[float, float]:
    """Give the median and the 99th percentile of a text's time, in milliseconds."""
    took = []
    for text in said:
        start = time.perf_counter()
        understand(text, line.vocabulary)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return took[len(took) // 2], took[len(took) * 99 // 100]


def main() -> None:
    """Measure and print."""
    library = read(ROOT).library
    words, word_seconds, word_megabytes = timed(replace(library, free_text=FreeText()))
    line, seconds, megabytes = timed(library)
    said = texts()
    spread(line, said[:500])  # warm up
    median, late = spread(line, said)
    word_median, _ = spread(words, said)
    figures = {
        "texts": len(said),
        "median ms": round(median, 3),
        "99th percentile ms": round(late, 3),
        "longer than by keywords alone": round(median / word_median, 2),
        "set-up seconds, keywords alone": round(word_seconds, 2),
        "set-up seconds": round(seconds, 2),
        "megabytes, keywords alone": round(word_megabytes, 1),
        "megabytes": round(megabytes, 1),
    }
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures, indent=1))
        return
    for name, figure in figures.items():
        print(f"{name:32} {figure}")


if __name__ == "__main__":
    main()
