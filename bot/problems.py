"""What may be wrong with settings and content: named so that whoever has to mend it finds it."""

from dataclasses import dataclass


class ConfigError(Exception):
    """A setting that the line cannot start with; the text begins with the setting's name."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: the file, the key in it, and what to do. `fatal` stops the line's start."""

    file: str
    key: str
    text: str
    fatal: bool = True

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.text) if part)


class ContentError(Exception):
    """Content that the line must not start on. `problems` has all that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
