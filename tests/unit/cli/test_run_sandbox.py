"""`harness sandbox` where it cannot start."""

from __future__ import annotations

import sys

import pytest

from harness.cli import run_sandbox
from harness.core.extras import Extra, install_command
from harness.errors import ConfigurationError


def test_the_extra_is_named_where_a_package_of_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages of the sandbox, the command names them and how to install them, and starts nothing."""
    for name in ("structlog", "uvicorn"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ConfigurationError) as caught:
        run_sandbox.run_sandbox((), echo=print)

    assert str(caught.value) == (
        "The sandbox needs structlog, uvicorn, which are not installed. "
        f"Install the extra: {install_command(Extra.SANDBOX)}"
    )
