"""A wall clock that can be set for one server alone: Python imports this module before any other.

On the `PYTHONPATH` of a server and of all its workers. The seconds by which the clock is off stand
in the file that FAULTS_CLOCK names, and are read whenever somebody asks for the time. The steady
clock (`time.monotonic`) goes on, as it does where an operator sets the time.
"""

import os
import time

_time, _time_ns = time.time, time.time_ns


def _off() -> float:
    try:
        with open(os.environ["FAULTS_CLOCK"], "rb", buffering=0) as file:
            return float(file.read())
    except (KeyError, OSError, ValueError):
        return 0.0


time.time = lambda: _time() + _off()
time.time_ns = lambda: _time_ns() + int(_off() * 1_000_000_000)
