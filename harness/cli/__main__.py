"""`python -m harness.cli` is the command `harness`."""

from __future__ import annotations

from harness.cli.main import main

main()
