"""What a replay takes from the answers to earlier requests."""

from __future__ import annotations

import pytest

from harness.core.pointers import at_pointer
from harness.fuzzing.defects import StoredRequest
from harness.fuzzing.reproduction import bindings


@pytest.mark.parametrize("key", ["id", "a/b~c", "a%20b", "50%", "a b", "ключ"])
def test_a_binding_leads_to_the_value_that_it_names(key: str) -> None:
    """Whatever the key of the answer: the pointer of a binding is a URI fragment (RFC 6901 section 6)."""
    answer = {"data": [{key: "run-0001"}]}
    steps = [StoredRequest(method="POST", path="/runs"), StoredRequest(method="GET", path="/runs/run-0001")]

    ((text, step, pointer),) = bindings([answer, None], steps)

    assert (text, step, at_pointer(answer, pointer)) == ("run-0001", 0, "run-0001")
