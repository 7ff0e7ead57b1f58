"""Packs: every one is complete, its events can be signed and delivered, and its lines name items that exist."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.errors import ConfigurationError
from harness.model.config import Policy
from harness.packs.pack import GoLiveLine, Pack, Statement
from harness.packs.shelf import events_of, pack_named, pack_names, pack_of_scheme, preset_named, preset_names, read_pack
from harness.readiness.checklist import shipped
from harness.webhooks.schemes import scheme_named

EVENTS = [(name, event) for name in pack_names() for event in events_of(name)]
VARIABLE = "A_SIGNING_SECRET"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without harness.toml."""
    monkeypatch.chdir(tmp_path)


def deliver(*words: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["deliver", "--to", "http://127.0.0.1:9/in", "--dry-run", *words], env=env)


@pytest.mark.parametrize("name", pack_names())
def test_a_pack_is_complete(name: str) -> None:
    """Its scheme and its items exist, its error is JSON, and each statement has the page that it is from."""
    pack = pack_named(name, "")

    scheme_named(pack.scheme)
    json.loads(pack.error.example)
    assert f"--provider {name} --secret {pack.signing_secret}\n" in CliRunner().invoke(main, ["packs", name]).output
    assert pack.signing_secret.startswith("env:")
    assert not pack.signing_secret.startswith("env:GITHUB_")  # GitHub Actions takes no secret of such a name
    assert {item for line in pack.go_live for item in line.items} <= shipped().ids
    sources: list[Statement | GoLiveLine] = [
        pack.acknowledgement,
        pack.redelivery,
        pack.rate_limit,
        pack.error,
        *pack.go_live,
    ]
    assert all(each.source.startswith("https://") for each in sources)
    assert all(each.text.endswith(".") or ":" in each.text for each in sources)
    assert len(events_of(name)) >= 3


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_has_the_page_that_it_is_from(name: str) -> None:
    """And its limit, which a policy can have."""
    preset = preset_named(name)

    assert preset.source.startswith("https://")
    assert preset.text.endswith(".")
    assert Policy(answer_within=preset.answer_within, retry_on=preset.retry_on).longest_wait_s >= 30


@pytest.mark.parametrize("name, event", EVENTS, ids=[f"{name}-{event.replace('/', '-')}" for name, event in EVENTS])
def test_every_event_of_a_pack_is_delivered_signed(name: str, event: str) -> None:
    """By its name and the vendor's alone, with the reader's secret; the vendor's headers come along."""
    scheme = scheme_named(pack_named(name, "").scheme)

    result = deliver(event, "--provider", name, "--secret", f"env:{VARIABLE}", env={VARIABLE: scheme.new_secret()})

    assert result.exit_code == 0, result.output
    head, _, body = result.output.replace("\r\n", "\n").partition("\n\n")
    if scheme.header:
        assert f"\n{scheme.header}: " in head.lower()
    else:
        assert '"hmacSignature"' in body


def test_an_override_changes_one_value_alone() -> None:
    """Text stays text, a number stays a number, and in a form the field changes; every other byte stays."""
    stripe = ["payment_intent.succeeded", "--provider", "stripe", "--keep-ids"]
    secret = {VARIABLE: f"whsec_{secrets.token_hex(16)}"}
    words = ["--secret", f"env:{VARIABLE}"]
    overrides = ["--override", "data.object.amount=1099", "--override", "data.object.metadata.order_id=7"]

    plain = deliver(*stripe, *words, env=secret).output.splitlines()
    changed = deliver(*stripe, *words, *overrides, env=secret).output.splitlines()

    signed = ("Stripe-Signature", "Content-Length", "curl", '  "created"')
    different = [new for old, new in zip(plain, changed, strict=True) if old != new and not new.startswith(signed)]
    assert [line.strip() for line in different] == ['"amount": 1099,', '"order_id": "7"']
    form = deliver("message.received", "--provider", "twilio", *words, "--override", "Body=Ja & nein", env=secret)
    assert "&Body=Ja+%26+nein&" in form.output


@pytest.mark.parametrize(
    "words, text",
    [
        (["payment_intent.suceeded", "--provider", "stripe"], "Did you mean 'payment_intent.succeeded'?"),
        (["payment_intent.succeeded", "--provider", "strip"], "--provider: there is no pack for 'strip'. Did you mean"),
        (
            ["payment_intent.succeeded", "--scheme", "stripe", "--override", "data.object.amuont=1"],
            "'data.object.amount'",
        ),
        (["message.received", "--provider", "twilio", "--override", "Bdy=1"], "Did you mean 'Body'?"),
        (["payment_intent.succeeded", "--provider", "stripe", "--override", "amount"], "write KEY=VALUE"),
        (["no-such.json", "--scheme", "hmac"], "There is no file or folder 'no-such.json', and no vendor's pack"),
    ],
)
def test_what_does_not_exist_is_named_with_the_nearest(words: list[str], text: str) -> None:
    """The exit status is 4, and nothing is sent."""
    result = deliver(*words, "--secret", f"env:{VARIABLE}", env={VARIABLE: secrets.token_hex(16)})

    assert text in result.output
    assert result.exit_code == 4


def test_the_scheme_of_a_receiver_finds_its_pack() -> None:
    """A receiver that is described with the scheme of a vendor needs no --provider."""
    assert pack_of_scheme("stripe") == "stripe"
    assert pack_of_scheme("hmac") == ""


def test_the_command_shows_packs() -> None:
    """The list, one vendor with its pages and items, and both as JSON; a name that is none is refused."""
    listed = CliRunner().invoke(main, ["packs"]).output
    shown = CliRunner().invoke(main, ["packs", "stripe"]).output
    as_json = json.loads(CliRunner().invoke(main, ["packs", "--json"]).output)
    unknown = CliRunner().invoke(main, ["packs", "strip"])

    assert [line.partition(" ")[0] for line in listed.splitlines()] == list(pack_names())
    assert "secrets.rotated; https://docs.stripe.com/get-started/checklist/go-live" in shown
    assert "clients wait up to 80 s\n  Stripe's libraries wait" in shown
    assert {each["name"] for each in as_json if each["client"]} == set(preset_names()) & set(pack_names())
    assert [each["name"] for each in as_json] == list(pack_names())
    assert (unknown.exit_code, "Did you mean 'stripe'?" in unknown.output) == (4, True)


def test_a_mistake_in_a_pack_is_named(tmp_path: Path) -> None:
    """A key that nothing reads, and one that is missing, are errors like those of harness.toml."""
    path = tmp_path / "acme" / "pack.toml"
    path.parent.mkdir()
    path.write_text('title = "Acme"\nschema = "hmac"\n')

    with pytest.raises(ConfigurationError, match=r"acme: .*schema.*Did you mean 'scheme'"):
        read_pack(path)
    assert Pack.__struct_fields__[:2] == ("title", "scheme")
