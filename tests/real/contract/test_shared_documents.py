"""Documents that others wrote are read, checked and made into deliveries, whatever is in them."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main

DOCUMENTS = {
    "adyen-webhooks/Webhooks-v1.yaml": "Webhooks have a schema (48 checked)",
    "aor/openapi/aor.v1.yaml": "Operations describe their responses (65 checked)",
    "petstore/openapi.yaml": "Operations describe their responses (19 checked)",
    "prometheus/openapi_3.2_golden.yaml": "Operations describe their responses (50 checked)",
    "readme-oas-examples/3.1-parameters-style.json": "Examples of responses: none checked",
    "redocly-museum/openapi.yaml": "Webhooks have a schema (1 checked)",
    "scalar-galaxy/3.1.yaml": "Webhooks have a schema (1 checked)",
    "slack/slack_web_openapi_v2.json": "Operations describe their responses (174 checked)",
    "train-travel/openapi.yaml": "Webhooks have a schema (1 checked)",
    "twilio-messaging/twilio_messaging_v1.json": "Operations describe their responses (58 checked)",
}
"""By document a line that `spec check` prints of it; benchmarks/documents.py has all documents, and what they cost."""


@pytest.mark.parametrize("name, line", DOCUMENTS.items(), ids=DOCUMENTS.keys())
def test_a_document_is_checked_whole(name: str, line: str, shared_data: Path) -> None:
    """What is wrong in it is a finding, and never the end of the check."""
    ended = CliRunner().invoke(main, ["spec", "check", str(shared_data / "documents" / name)])

    assert ended.exit_code in (0, 1), ended.output
    assert not ended.exception or isinstance(ended.exception, SystemExit)
    assert line in ended.output


def test_each_webhook_of_a_document_is_delivered(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of Adyen's has an example, or one is made for it."""
    monkeypatch.setenv("SIGNING_SECRET", secrets.token_hex())
    document = shared_data / "documents/adyen-webhooks/Webhooks-v1.yaml"
    words = ("--to", "http://127.0.0.1:9", "--scheme", "hmac", "--secret", "env:SIGNING_SECRET", "--dry-run")

    ended = CliRunner().invoke(main, ["deliver", "--spec", str(document), *words])

    assert ended.exit_code == 0, ended.output
    assert ended.output.count("curl ") == 48
