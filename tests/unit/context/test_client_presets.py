"""A preset of `[client] policy` stands in for what harness.toml does not state, and for nothing else."""

from __future__ import annotations

from pathlib import Path

from harness.context.target import load_target
from harness.model.config import Client, Policy


def client(folder: Path, *lines: str) -> Client:
    text = "\n".join(('[target]\nname = "Acme"\n[client]\ncommand = ["x"]', *lines))
    (folder / "harness.toml").write_text(text)
    section = load_target(folder).config.client
    assert section is not None
    return section


def shown(section: Client) -> tuple[float | None, tuple[int, ...], float, str | None]:
    policy = section.policy
    return policy.answer_within, policy.retry_on, section.timeout, section.idempotency_header


def test_a_preset_gives_what_the_vendor_documents(tmp_path: Path) -> None:
    """The limit, the statuses, the header of keys, and time for a run that waits so long."""
    stripe = client(tmp_path, 'policy.preset = "stripe"')
    square = client(tmp_path, 'policy.preset = "square"')

    assert shown(stripe) == (80.0, Policy().retry_on, 140.0, "Idempotency-Key")
    assert shown(square) == (60.0, (408, 500, 502, 503, 504), 120.0, None)


def test_a_stated_key_wins(tmp_path: Path) -> None:
    """Also where it states what would hold without it; the time-out belongs to the limit."""
    stated = client(
        tmp_path,
        'idempotency_header = "X-Key"',
        'policy = { preset = "stripe", answer_within = "3s", retry_on = [] }',
    )
    longer = client(tmp_path, 'timeout = "90s"', 'policy.preset = "stripe"')

    assert shown(stated) == (3.0, (), 60.0, "X-Key")
    assert shown(longer) == (80.0, Policy().retry_on, 90.0, "Idempotency-Key")


def test_without_a_preset_nothing_is_added(tmp_path: Path) -> None:
    """The policy is the default one."""
    assert client(tmp_path).policy == Policy()
