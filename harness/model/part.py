"""A part of a gate: what one pytest saw, on its way to the gate, which joins all parts and judges them."""

from __future__ import annotations

import msgspec

from harness.model.finding import Finding
from harness.model.report import Problem
from harness.model.signals import SignalMatrix
from harness.model.skip import SkippedTest
from harness.model.spec_coverage import SeenOperation

FORMAT = 1
"""Version of the form of a part; a gate takes no other."""


def deselected(left_out: int) -> str:
    """Return how many checks were left out, as the beginning of a sentence; empty where none was."""
    were = "check was" if left_out == 1 else "checks were"
    return f"{left_out} {were} deselected" if left_out else ""


class Claims(msgspec.Struct):
    """What the tests of this run report about cassettes, as JSON from worker to controller."""

    played: set[str] = set()
    """Cassettes, relative to the target, from which tests of this run play: each of these tests judges its own."""
    claimed: set[str] = set()
    """Cassettes of all tests that were collected, in any mode."""
    files: set[str] = set()
    """Test files, relative to the target, that were collected whole."""

    def add(self, other: Claims) -> None:
        """Take over what another process collected."""
        self.played |= other.played
        self.claimed |= other.claimed
        self.files |= other.files


class Stamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of one gate have in common; a part with another stamp belongs to something else."""

    format: int = FORMAT
    harness_version: str
    run_id: str
    config_digest: str
    """SHA-256 of harness.toml and its overlay, hexadecimal."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one pytest of a gate saw, redacted."""

    stamp: Stamp
    name: str
    """Which part of the gate it is, such as ``suite``."""
    status: int
    """pytest's exit status."""
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    coverage: tuple[SeenOperation, ...] = ()
    signals: SignalMatrix | None = None
    claims: Claims | None = None
    skipped: tuple[SkippedTest, ...] = ()
    left_out: int = 0
    """Tests that were collected and not run."""
    exchanges: int = 0
    """Calls to the provider that were answered, and seen by the harness."""
    hooks: tuple[str, ...] = ()
    """Hooks of the harness that the team's conftests and plugins implement, by the name of their phase."""
    durations: dict[str, float] = {}
    """Seconds that each test took, by its node id."""
