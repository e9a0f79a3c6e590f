"""Faults that are known and not mended yet, so that the fuzzer can look for others meanwhile."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent

KNOWN: Final[Mapping[str, Mapping[str, str]]] = {}
"""For a target: what `place` says of a fault, and what it is. Each needs an input among the seeds;
once that one passes, the fault's line here must go, and the tests say so."""


def place(error: BaseException) -> str:
    """Name a fault by its kind and the function of ours that it came out of.

    Where something does not hold, what that is belongs to the name.
    """
    own = [
        f"{Path(frame.filename).relative_to(ROOT)}:{frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(ROOT)
        and Path(frame.filename).relative_to(ROOT).parts[0] in ("bot", "tests")
    ]
    what = f"{type(error).__name__} in {own[-1] if own else 'nothing of ours'}"
    return f"{what}: {error}" if isinstance(error, AssertionError) else what
