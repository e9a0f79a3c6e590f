"""The log: a line of JSON for each thing that an operator should know (a terminal gets text).

Every line tells the content's revision; those of a message its id. None has an address or a text.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS: Final = {"warnings": logging.WARNING, "turns": logging.INFO}
"""What ANSWERLINE_LOG means."""


def configure(logged: str, revision: Callable[[], str]) -> None:
    """Let all of this process log to stderr; `revision` gives the content's at that moment."""

    def with_revision(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["revision"] = revision()
        return event

    write: Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        write = structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                with_revision,
                _where_it_broke,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, write],
        )
    )
    root = logging.getLogger("bot")
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[logged])
    root.propagate = False


def _where_it_broke(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Tell where an exception came from and its kind; its text may hold what somebody wrote."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple) and error[0] is not None:
        event["exception"] = error[0].__name__
        event["where"] = "".join(traceback.format_tb(error[2]))
    return event
