"""`python -m bot` is `answerline`, for platforms that install only requirements.txt."""

from bot.cli import main

main(prog_name="answerline")
