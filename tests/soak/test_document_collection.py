"""A collection of published OpenAPI documents, which are not copied here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.openapi.spec_document import load_spec

COLLECTION = Path(os.environ.get("HARNESS_REAL_DOCUMENTS", "no such folder"))


@pytest.mark.skipif(not COLLECTION.is_dir(), reason="HARNESS_REAL_DOCUMENTS names no folder of documents")
@pytest.mark.parametrize(
    "name, operations", [("digitalocean/DigitalOcean-public.v2.yaml", 659), ("redocly-museum/openapi.yaml", 8)]
)
def test_real_documents_of_many_files(name: str, operations: int) -> None:
    """All files of a document are read, and all its operations found."""
    spec = load_spec(name, root=COLLECTION)

    assert len(spec.operations) == operations
    assert spec.bundle.unread == {}
