"""Our client against recordings of Kinto, with pytest-recording."""

import uuid

import pytest


@pytest.fixture(autouse=True)
def known_ids(monkeypatch):
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID("7b1c1f0e-5a52-4e4c-9a39-3f6f3f0c0a11"))


@pytest.mark.vcr
def test_a_note_can_be_read_again(notes):
    """A note that was added can be read again."""
    assert notes.read(notes.add("milk")) == "milk"


@pytest.mark.vcr
def test_a_note_is_listed(notes):
    """A note that was added is listed."""
    note = notes.add("bread")
    assert note in {found["id"] for found in notes.all()}
