"""PURE: what a text asks for, by the words it holds. Text in, `Intent` out, and the same each time.

`fold` makes texts comparable; `words` knows every word of every language and what it means;
`writing` tells a text's language by how it is written; `understand` decides. A word that stops the
line is taken only as the whole message, so that no question about stopping a treatment ends a
conversation.
"""

from bot.understanding.understand import Intent, understand
from bot.understanding.words import Meaning, Vocabulary
from bot.understanding.writing import Writing

__all__ = ["Intent", "Meaning", "Vocabulary", "Writing", "understand"]
