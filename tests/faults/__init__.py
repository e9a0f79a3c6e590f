"""What becomes of messages when things break: `python -m tests.faults` breaks them and counts."""
