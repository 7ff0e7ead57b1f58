"""On a worker of pytest-xdist: what it sends besides reports of tests is text that the controller can receive."""

from __future__ import annotations

import warnings
from collections.abc import Generator

import pytest

from harness.core.encodable import encodable


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Write out in a warning what no pipe takes, before pytest-xdist sends it."""
    message = warning_message.message
    if isinstance(message, Warning):
        message.args = tuple(encodable(arg) if isinstance(arg, str) else arg for arg in message.args)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same in the reason why something was not collected."""
    from harness.plugins.conclusions import clean_texts

    report = yield
    clean_texts(report, encodable)
    return report
