"""Copy what one store keeps into another, in batches, while either may be in use.

Copying again takes up what came since: of a contact in both, the one heard later is kept, so a
line is moved by copying once while it runs, stopping it, and copying what is left.
"""

from typing import Final

from bot.store import Store

BATCH: Final = 1000


def copy(source: Store, target: Store) -> tuple[int, int]:
    """Copy contacts, then messages; give how many of each were read."""
    contacts = messages = 0
    last_contact, last_message = b"", 0
    while rows := source.contacts(last_contact, BATCH):
        target.take_contacts(rows)
        contacts, last_contact = contacts + len(rows), rows[-1].contact
    while kept := source.messages(last_message, BATCH):
        target.take_messages(kept)
        messages, last_message = messages + len(kept), kept[-1].number
    return contacts, messages
