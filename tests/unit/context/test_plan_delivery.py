"""From the options of `harness deliver` and a folder to a plan: what is read, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context.plan_delivery import plan_delivery, public_key
from harness.errors import ConfigurationError
from harness.webhooks.delivery_plan import DeliverOptions

TOML = """
[target]
name = "x"
environment = "{environment}"

[receiver]
url = "http://127.0.0.1:1/hook"
event_id = "meta.id"
event_type = ""
signature = {{ scheme = "slack", secret = "env:A_SECRET" }}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("A_SECRET", "s" * 32)
    (tmp_path / "harness.toml").write_text(TOML.format(environment="local"))
    return tmp_path


def test_what_the_options_leave_open_is_read(folder: Path) -> None:
    """URL, scheme, secret and the keys of an event come from [receiver]."""
    plan = plan_delivery(DeliverOptions(), folder)

    assert (plan.url, plan.scheme.name, plan.secret()) == ("http://127.0.0.1:1/hook", "slack", "s" * 32)
    assert (plan.format.id_key, plan.format.type_key) == ("meta.id", "")


def test_options_that_say_all_need_no_harness_toml(folder: Path) -> None:
    """A file that is no TOML does no harm where nothing is asked of it."""
    (folder / "harness.toml").write_text("nonsense")
    plan = plan_delivery(DeliverOptions(url="http://127.0.0.1:2/", secret="env:A_SECRET", scheme="github"), folder)

    assert (plan.url, plan.scheme.name, plan.format.id_key) == ("http://127.0.0.1:2/", "github", None)


def test_without_a_receiver_the_message_says_what_to_add(folder: Path) -> None:
    """Both ways out are named."""
    (folder / "harness.toml").write_text('[target]\nname = "x"\n')

    with pytest.raises(
        ConfigurationError, match=r"harness.toml has no \[receiver\]. Add the section, or give --to URL"
    ):
        plan_delivery(DeliverOptions(), folder)


def test_a_shared_secret_is_no_public_key(folder: Path) -> None:
    """The message names the reference and the schemes that have one, and not the secret."""
    with pytest.raises(ConfigurationError) as caught:
        public_key(DeliverOptions(), folder)

    assert "its receiver needs env:A_SECRET itself" in str(caught.value)
    assert "discord" in str(caught.value)
    assert "sss" not in str(caught.value)
