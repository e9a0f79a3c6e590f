"""The `answerline` command. An error is one clear line on stderr and an exit status not 0."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import click

from bot.config import Config
from bot.problems import ConfigError, ContentError
from bot.store import StoreError

COMMANDS: Final[Mapping[str, str]] = {
    "serve": "serve",
    "prepare": "serve",
    "migrate": "store",
    "store": "store",
    "staff": "staff",
    "contact": "contact",
    "unmatched": "contact",
    "chat": "simulate",
    "text": "platforms",
    "channel": "platforms",
    "key": "key",
    "worker": "outbox",
    "outbox": "outbox",
    "replies": "content",
    "check": "content",
    "locales": "content",
    "documents": "documents",
    "classify": "classify",
    "explain": "explain",
    "evaluate": "evaluate",
    "learn": "learn",
}
"""The module of each command: only the one that is run is imported, so that serving stays small."""


class Commands(click.Group):
    """Turns what an operator can mend into one line on stderr and exit status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command when it is asked for."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f"bot.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ConfigError, ContentError, StoreError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="answerline", prog_name="answerline")
@click.pass_context
def main(context: click.Context) -> None:
    """Answer health questions by text message."""
    context.obj = Config.from_env(os.environ)
