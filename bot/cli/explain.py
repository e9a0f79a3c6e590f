"""`explain`: why the line labels a text as it does, rule by rule."""

import click

from bot.cli.classify import answered
from bot.config import Config
from bot.making import make_line


@click.command()
@click.argument("text")
@click.option("--language", default="", help="Language that the contact is answered in.")
@click.option("--context", default="", help="Label answered just before, such as adult.cart.")
@click.option("--audience", type=click.Choice(["adult", "child"]), help="Audience told before.")
@click.pass_obj
def explain(config: Config, text: str, language: str, context: str, audience: str | None) -> None:
    """Show what each rule found in TEXT, and the label that came of it."""
    reply = answered(text, make_line(config), language, context, audience or "", click.echo)
    click.echo(f"language: {reply.language}")
    click.echo(f"label: {reply.label}")
