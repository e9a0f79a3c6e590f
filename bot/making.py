"""Read the content and set a line up as configured: seconds of work, once for each content."""

import logging

from bot import catalogs, checks
from bot.config import Config
from bot.content import read
from bot.editions import Sending
from bot.line import Line
from bot.problems import ConfigError, ContentError, Problem
from bot.sms import Budget

log = logging.getLogger(__name__)


def make_line(config: Config, *, pseudo: bool = False) -> Line:
    """Read the content and set the line up as configured; ContentError where it must not start.

    Catalogs that are left out are logged, as the other languages go on. `pseudo` adds the
    pseudo-locale, for trying things out.
    """
    line, problems = set_up(config, pseudo=pseudo)
    for problem in problems:
        log.warning("content: %s", problem)
    return line


def set_up(config: Config, *, pseudo: bool = False) -> tuple[Line, list[Problem]]:
    """Do so, and give what is wrong with catalogs."""
    budget = Budget(config.gsm7_segments, config.ucs2_segments)
    content = read(config.content, sending(config), pseudo=pseudo)
    line, left_out = checks.set_up(content, config.public_base_url, budget)
    if faults := checks.stops_start(line):
        raise ContentError(faults)
    return line, [*content.problems, *left_out]


def sending(config: Config) -> Sending:
    """Give how translations are sent; ConfigError for a language that has no catalog."""
    there = catalogs.files(config.content / "locales")
    for language in config.fold:
        if language not in there:
            raise ConfigError(
                f"ANSWERLINE_FOLD: there is no language {language!r}; there are {', '.join(there)}"
            )
    return Sending(config.translations == "reviewed", frozenset(config.fold))
