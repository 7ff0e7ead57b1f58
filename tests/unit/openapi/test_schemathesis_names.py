"""The names of Schemathesis that no reference promises."""

from __future__ import annotations

import pytest
import schemathesis

from harness.openapi import schemathesis_names
from tests.moved_names import HARNESS, elsewhere, imports_of, members, moved

ADAPTER = "openapi/schemathesis_names.py"


def test_no_name_moved() -> None:
    """Each imported name and each called method exists; the message names what moved, and the version."""
    names = [*imports_of(HARNESS / ADAPTER, "schemathesis"), *members(schemathesis_names.METHODS)]

    assert moved("schemathesis", names) == []


def test_a_moved_name_is_reported_with_the_version() -> None:
    """Of a module, of a class, and of a module that is gone."""
    names = [("schemathesis.core", "NO_SUCH"), ("schemathesis", "Case.no_such"), ("schemathesis.no_such", "x")]

    assert moved("schemathesis", names) == [
        f"schemathesis {schemathesis.__version__} has no {name}"
        for name in ("schemathesis.core:NO_SUCH", "schemathesis:Case.no_such", "schemathesis.no_such:x")
    ]


def test_no_other_module_imports_them() -> None:
    """Elsewhere only names of the published reference are imported."""
    assert elsewhere("schemathesis", ADAPTER, {"schemathesis": schemathesis.__all__}) == []
    assert elsewhere("schemathesis", "", {"schemathesis": schemathesis.__all__}) != []


@pytest.mark.parametrize("name", schemathesis_names.__all__)
def test_what_the_adapter_offers_is_used(name: str) -> None:
    """No name is left over in it."""
    texts = [p.read_text(encoding="utf-8") for p in HARNESS.rglob("*.py") if str(p.relative_to(HARNESS)) != ADAPTER]
    assert name == "METHODS" or any(name in text for text in texts)
