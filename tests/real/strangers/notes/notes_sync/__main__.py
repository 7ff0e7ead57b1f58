"""Synchronise once: look at the notes, add one, and read it again. Exits 0 if all of that went well."""

from __future__ import annotations

import os
import sys

import requests

from notes_sync.client import Notes

TEXT = "bought at the strangers' shop"


def main() -> int:
    """Synchronise and return the exit status."""
    notes = Notes(os.environ["KINTO_URL"], os.environ["KINTO_USER"], os.environ["KINTO_PASSWORD"])
    try:
        before = len(notes.all())
        note = notes.add(TEXT)
        if notes.read(note) != TEXT:
            raise ValueError("the note has another text than the one that was sent")
    except (requests.RequestException, KeyError, TypeError, ValueError) as error:
        print(f"not synchronised: {type(error).__name__}", file=sys.stderr)
        return 1
    print(f"synchronised: {before} notes before")
    return 0


if __name__ == "__main__":
    sys.exit(main())
