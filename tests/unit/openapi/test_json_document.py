"""Look-ups go through every reference on the way, and end where references lead nowhere or round."""

from __future__ import annotations

import pytest

from harness.openapi.json_document import JsonDocument

DOCUMENT = JsonDocument(
    {
        "paths": {"/a b": {"$ref": "#/items/0"}},
        "items": [{"get": {"$ref": "#/parts/get"}, "empty": None}],
        "parts": {"get": {"responses": {"200": {"$ref": "#/paths/~1a%20b/get/responses/201"}, "201": {"x": 1}}}},
        "round": {"$ref": "#/about"},
        "about": {"$ref": "#/round"},
        "itself": {"$ref": "#/itself/x"},
        "gone": {"$ref": "#/nowhere"},
    }
)


def test_references_on_the_way_are_followed() -> None:
    """What is looked up stands behind a reference of its parent, and is one itself that leads through others."""
    pointer = "/paths/~1a b/get/responses/200"

    assert DOCUMENT.locate(pointer) == ("/parts/get/responses/201", {"x": 1})
    assert DOCUMENT.placed(pointer) == ("/parts/get/responses/201", {"x": 1})
    assert DOCUMENT.resolved({"$ref": f"#{pointer}".replace(" ", "%20")}) == {"x": 1}


@pytest.mark.parametrize("pointer", ["/round", "/itself", "/gone", "/nowhere", "/items/1", "/items/0/empty/x"])
def test_what_stands_nowhere(pointer: str) -> None:
    """Circles and gaps end: with an error for whoever asks where, with nothing for whoever asks what."""
    with pytest.raises(LookupError):
        DOCUMENT.locate(pointer)
    assert DOCUMENT.at(pointer) is None
    assert DOCUMENT.placed(pointer) == (pointer, {})
    assert DOCUMENT.resolved({"$ref": f"#{pointer}"}) == {}
