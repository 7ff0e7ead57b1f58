"""Who answers at a URL is named in the same words in every run, whatever the ports."""

from __future__ import annotations

import pytest

from harness.context.answerers import answerers, public_names
from harness.model import SecretRef
from harness.model.config import Configuration
from harness.model.config.provider import Basic, Provider
from harness.model.strict import convert
from harness.operations.answer_leaks import Answerer

TARGET = {
    "target": {"name": "x"},
    "provider": {"base_url": "https://api.example/v1", "spec": "openapi.yaml"},
    "receiver": {
        "url": "http://127.0.0.1:4001/hooks",
        "effects": {"url": "http://127.0.0.1:4001/effects?id={event_id}"},
    },
    "telemetry": {"metrics": "http://127.0.0.1:4002/metrics"},
}
ROWS = {
    "https://api.example/v1/runs": Answerer("the provider", is_provider=True),
    "https://api.example/token": Answerer("the provider", is_provider=True),
    "http://127.0.0.1:4001/hooks?x=1": Answerer("the receiver", is_provider=False),
    "http://127.0.0.1:4001/effects?id=1": Answerer("what receiver.effects.url names", is_provider=False),
    "http://127.0.0.1:4002/metrics": Answerer("what telemetry.metrics names", is_provider=False),
    "https://payments.example/x": Answerer("payments.example", is_provider=True),
}


@pytest.mark.parametrize("url, named", ROWS.items())
def test_who_answers_is_named(url: str, named: Answerer) -> None:
    """By the key of harness.toml; nobody here can correct what another host answers."""
    assert answerers(convert(TARGET, Configuration, "harness.toml"))(url) == named


def test_a_user_name_is_public() -> None:
    """It goes with a password, and answers may hold it."""
    basic = Basic(username="env:NAME", password=SecretRef("env:WORD"))
    config = convert(TARGET, Configuration, "harness.toml")
    assert config.provider is not None

    assert public_names(config) == frozenset()
    provider = Provider(base_url="https://api.example", spec="x", auth=basic)
    assert public_names(Configuration(target=config.target, provider=provider)) == {"env:NAME"}
