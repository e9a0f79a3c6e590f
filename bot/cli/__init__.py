"""The `answerline` command. An error is one clear line on stderr and an exit status not 0."""

import os
from typing import Any

import click

from bot.config import Config, ConfigError
from bot.editions import ContentError
from bot.store import StoreError


class Commands(click.Group):
    """Turns what an operator can mend into one line on stderr and exit status 1."""

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


from bot.cli import classify, content, documents, evaluate, explain, learn, serve, simulate, store  # noqa: E402 - they need `main`

main.add_command(serve.serve)
main.add_command(store.migrate)
main.add_command(store.store)
main.add_command(simulate.chat)
main.add_command(simulate.text)
main.add_command(content.replies)
main.add_command(content.check)
main.add_command(content.locales)
main.add_command(documents.documents)
main.add_command(classify.classify)
main.add_command(explain.explain)
main.add_command(evaluate.evaluate)
main.add_command(learn.learn)
