"""From registered rows to the parameters of a test: each verifies the item of its row, at the row's level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model import Check


def each(name: str, rows: Iterable[Check]) -> pytest.MarkDecorator:
    """Return the mark that runs a test once for each row, given to it as ``name``."""
    marked = [pytest.param(row, id=row.id, marks=pytest.mark.verifies(row.item, level=row.level)) for row in rows]
    return pytest.mark.parametrize(name, marked)
