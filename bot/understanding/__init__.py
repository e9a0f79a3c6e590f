"""PURE: what a text asks for, by the words it holds. Text in, `Intent` out, and the same each time.

`fold` makes texts comparable; `words` knows every keyword of every language and what it means;
`writing` tells a text's language by how it is written; `understand` decides, by keywords first.
What they do not settle is read by its `clues`, the words of a `lexicon`, of which `weights` tell
the worth, and `judge` decides. A word that stops the line is taken only as the whole message or in
a sentence that speaks of the messages, so that no question about stopping a treatment ends a
conversation.
"""

from bot.understanding.intent import Intent, Known, Note
from bot.understanding.lexicon import COMMON, Lexicon
from bot.understanding.understand import understand
from bot.understanding.weights import Weights
from bot.understanding.words import Vocabulary
from bot.understanding.writing import Writing

__all__ = [
    "COMMON", "Intent", "Known", "Lexicon", "Note", "Vocabulary", "Weights", "Writing",
    "understand",
]  # fmt: skip
