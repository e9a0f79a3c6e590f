"""`explain`: why the line labels a text as it does, rule by rule."""

import click

from bot.app import make_line
from bot.cli.classify import answered
from bot.config import Config
from bot.library import audience_of
from bot.speaker import Line
from bot.understanding import Known, understand
from bot.understanding.understand import NOTHING_KNOWN


@click.command()
@click.argument("text")
@click.option("--language", default="", help="Language that the contact is answered in.")
@click.option("--context", default="", help="Label answered just before, such as adult.cart.")
@click.option("--audience", type=click.Choice(["adult", "child"]), help="Audience told before.")
@click.pass_obj
def explain(config: Config, text: str, language: str, context: str, audience: str | None) -> None:
    """Show what each rule found in TEXT, and the label that came of it."""
    line = make_line(config)
    known = Known(language, audience or audience_of(context), context)
    for found in why(text, line, known):
        click.echo(found)
    reply = answered(text, line, language=language, context=context, audience=audience or "")
    click.echo(f"language: {reply.language}")
    click.echo(f"label: {reply.label}")


def why(text: str, line: Line, known: Known = NOTHING_KNOWN) -> list[str]:
    """Give the trace of a text: what each rule of the understanding found, in order."""
    found: list[str] = []
    intent = understand(text, line.vocabulary, found.append, known)
    told = ", ".join(filter(None, (intent.value, *intent.targets, intent.audience)))
    return [*found, f"asks for: {' '.join(filter(None, (intent.kind, told)))}"]
