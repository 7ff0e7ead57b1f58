"""`harness sandbox` where it cannot start."""

from __future__ import annotations

from importlib import metadata

import pytest

from harness.cli import run_sandbox
from harness.errors import ConfigurationError


def test_the_extra_is_named_where_a_package_of_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages of the sandbox, the command names them and how to install them, and starts nothing."""

    def installed(name: str) -> metadata.Distribution:
        if name in {"structlog", "uvicorn"}:
            raise metadata.PackageNotFoundError(name)
        return metadata.distribution(name)

    monkeypatch.setattr(run_sandbox, "distribution", installed)

    with pytest.raises(ConfigurationError) as caught:
        run_sandbox.run_sandbox((), echo=print)

    assert str(caught.value) == (
        "The sandbox needs structlog, uvicorn. Install its extra: "
        "pip install 'readiness-harness[sandbox]', or the same extra of your clone."
    )
