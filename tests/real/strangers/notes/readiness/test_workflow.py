"""What a synchronisation does, live and from a recording, for the readiness gate."""

import os
import uuid

import pytest

from notes_sync.client import Notes


@pytest.mark.verifies("workflow.core")
def test_a_note_is_stored_and_listed(cassette, target, monkeypatch):
    """A note is stored under our id, read again and listed."""
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID("2d1c1f0e-5a52-4e4c-9a39-3f6f3f0c0a22"))
    notes = Notes(target.config.provider.base_url, os.environ["KINTO_USER"], os.environ["KINTO_PASSWORD"])
    note = notes.add("bought by the strangers")
    assert notes.read(note) == "bought by the strangers"
    assert note in {found["id"] for found in notes.all()}
