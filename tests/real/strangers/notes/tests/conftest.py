"""What our tests share. The recordings hold no credential."""

import os

import pytest

from notes_sync.client import Notes


@pytest.fixture(scope="session")
def vcr_config():
    return {"filter_headers": ["authorization"], "ignore_hosts": []}


@pytest.fixture
def notes():
    url = os.environ.get("KINTO_URL", "http://127.0.0.1:1/v1")
    return Notes(url, os.environ.get("KINTO_USER", "nobody"), os.environ.get("KINTO_PASSWORD", "nothing"))
