"""The line at which a key of a TOML document stands."""

from __future__ import annotations

import pytest

from harness.core.toml_lines import line_of

TEXT = '''# a comment
[target]
name = "x"

scenarios = [
  "a",
  "",
]

[[waiver]]
item = "a"

[[waiver]]
# another comment
item = "b"
reason = """
item = "c"
"""

[process.app]
env = { "A.B" = "c" }
client.policy.max_attempts = 3
'''


@pytest.mark.parametrize(
    "path, line",
    [
        ("target", 2),
        ("target name", 3),
        ("target scenarios", 5),
        ("target scenarios 1", 5),
        ("waiver 0 item", 11),
        ("waiver 1", 13),
        ("waiver 1 item", 15),
        ("waiver 1 reason", 16),
        ("process app env A.B", 21),
        ("process app client policy max_attempts", 22),
    ],
)
def test_the_line_is_where_the_statement_begins(path: str, line: int) -> None:
    """Headers, inline tables, lists and texts of several lines, and dotted keys are found."""
    assert line_of(TEXT, tuple(path.split())) == line


@pytest.mark.parametrize("path", ["targets", "waiver 2", "waiver 0 reason", "target name x"])
def test_what_is_not_there_has_no_line(path: str) -> None:
    """A key that the document does not have gives None."""
    assert line_of(TEXT, tuple(path.split())) is None


def test_an_empty_document_has_no_lines() -> None:
    """No key is found in it, and it is not read in vain."""
    assert line_of("", ("target",)) is None
