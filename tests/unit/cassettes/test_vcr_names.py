"""The names of vcrpy that its documentation does not promise."""

from __future__ import annotations

import random
import re

import pytest
from vcr.cassette import Cassette

from harness.cassettes.store import vcr_names
from tests.moved_names import HARNESS, elsewhere, imports_of, members, moved

ADAPTER = "cassettes/store/vcr_names.py"
SUBCLASSES = ("cassettes/play/indexed_cassette.py", "cassettes/play/scenario.py")
DOCUMENTED = {
    "vcr": ("matchers",),
    "vcr.errors": ("UnhandledHTTPRequestError",),
    "vcr.persisters.filesystem": ("CassetteNotFoundError",),
    "vcr.record_mode": ("RecordMode",),
    "vcr.request": ("Request",),
}
PRIVATE = re.compile(r"\b(?!self\b)\w+\._(?:body|found|path|persister|serializer|store|to_dict|was_\w+)\b")


def test_no_name_moved() -> None:
    """Each imported name, and each attribute that is read, set or overridden, exists."""
    names = [*imports_of(HARNESS / ADAPTER, "vcr"), *members(vcr_names.ATTRIBUTES)]

    assert moved("vcrpy", names) == []


def test_no_other_module_imports_them() -> None:
    """Elsewhere only documented names are imported."""
    assert elsewhere("vcr", ADAPTER, DOCUMENTED) == []


@pytest.mark.parametrize("file", SUBCLASSES)
def test_what_a_subclass_uses_is_listed(file: str) -> None:
    """A private attribute of vcrpy's cassette that a subclass reads, sets or overrides is in the table."""
    text = (HARNESS / file).read_text(encoding="utf-8")
    used = set(re.findall(r"self\.(_[a-z]\w*)|def (_[a-z]\w*)", text))
    private = {name for pair in used for name in pair if name and hasattr(Cassette(path="x"), name)}

    (listed,) = (names for place, names in vcr_names.ATTRIBUTES.items() if place.startswith("vcr.cassette"))
    assert private - set(listed) == set()


NAMES = ("Accept", "accept", "ACCEPT", "X-Id", "x-id", "")
VALUES = ("a", "", None, 1, ["b", "c"], ("d",), b"e")


def test_headers_are_those_of_vcrpy() -> None:
    """Five hundred lists of headers, with names in several spellings, are read as vcrpy reads them."""
    draw = random.Random(3)
    for _ in range(500):
        fields = [(draw.choice(NAMES), draw.choice(VALUES)) for _ in range(draw.randrange(6))]
        ours, theirs = vcr_names.headers_from(fields), vcr_names.HeadersDict(fields)
        assert list(ours.items()) == list(theirs.items()), fields
        assert ours == theirs
        assert type(ours) is type(theirs)


def test_private_attributes_are_read_in_the_adapter_alone() -> None:
    """No other module of the cassettes reaches into an object of vcrpy."""
    files = [p for p in (HARNESS / "cassettes").rglob("*.py") if str(p.relative_to(HARNESS)) != ADAPTER]

    assert [f"{file.name}: {found}" for file in files for found in PRIVATE.findall(file.read_text("utf-8"))] == []
