"""Answerline answers health questions by text message, in a straight line.

A channel (`channels/`) verifies a request and reads an `Inbound`; `turn` takes it through one
transaction of a `store/`, or keeps it in the `spool` while that is away; `conversation.respond`
decides, with what `understanding/` makes of the text, what `library` holds and how `pages` and
`sms` cut it; the channel writes the reply. `content` reads `messages/` and `locales/` once, at
start; `facts`, `compare` and `citations` hold it to the pages that it comes from. `app` is where
it all meets, and `cli/` is the `answerline` command. Imports go one way, from `cli` down to
`model`; `pyproject.toml` holds that order, and the rooms from `conversation` down are pure: no
files, no clock, no network.
"""
