"""A fuzzer: texts, forms and files that nobody would write, and what must hold of each."""

from typing import Final

TARGETS: Final = ("webhook", "understanding", "sms", "spool", "catalogs")
"""The modules of this folder that have `words` and `make`."""

LINE: Final = "line.pickle"
"""The line, in the folder of a run: what is instrumented takes ten times as long to set it up."""
