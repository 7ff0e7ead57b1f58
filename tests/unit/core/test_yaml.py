from __future__ import annotations

import gc
import time
from contextlib import suppress
from typing import Any

import pytest
import yaml

from harness.core.json_or_yaml import read_json_or_yaml
from harness.core.yaml import (
    DuplicateKey,
    UnreadableYamlError,
    YamlAliasError,
    YamlDepthError,
    YamlSyntaxError,
    YamlTagError,
    has_alias,
    read_yaml,
    scalars,
)

NO_NUMBERS = [".inf", "-.INF", ".nan", "1e999999"]
TEXTS = ["<<", "N", "Yes", "Off", "~x", "0o8", "0b11", "190:20:30", "2001-12-14t21:59:43.10-05:00", "0x"]
TEXTS += ["NO", "no", "on", "off", "yes", "y", "1:30", "12:30:45", "=", "1_000", "2024-01-01", "0b1", "tRue", "1.2.3"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_yaml_1_2_reads_as_text(text: str) -> None:
    """What only YAML 1.1 takes for a boolean, a number, a time or a date stays the text that it is."""
    assert read_yaml(f"[{text}]".encode()) == [text]


@pytest.mark.parametrize(
    "text, value",
    [
        ("0o17", 15),
        ("017", 17),
        ("010", 10),
        ("1.0", 1.0),
        ("1e9", 1e9),
        ("-1E+5", -1e5),
        ("!!str 5", "5"),
        ("!!binary aGk=", "aGk="),
        ("0x1F", 31),
        ("+3", 3),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
    ],
)
def test_the_core_schema(text: str, value: Any) -> None:
    """Numbers, booleans and null are those of YAML 1.2, section 10.3.2."""
    assert read_yaml(f"x: {text}".encode()) == {"x": value}
    assert type(read_yaml(f"x: {text}".encode())["x"]) is type(value)


@pytest.mark.parametrize(
    "number, said",
    [
        *((text, "that number is infinite or none, which JSON does not have, or too large") for text in NO_NUMBERS),
        *((text, "that integer is too long") for text in ("1" * 5000, "0x" + "f" * 5000, "1" * 1_000_000)),
    ],
    ids=[*NO_NUMBERS, "digits", "hexadecimal", "a million digits"],
)
def test_numbers_that_json_does_not_have_are_refused(number: str, said: str) -> None:
    """One such bound in a document would let no schema of it be compiled; JSON with it is read no other way."""
    for text in (f"\nx: {number}", f'\n{{"x": {number}}}'):
        with pytest.raises(YamlSyntaxError) as refused:
            read_json_or_yaml(text.encode())

        assert (refused.value.problem, refused.value.line) == (said, 2)


def test_merged_objects_are_bounded() -> None:
    """A large object that is merged into many others multiplies as aliases do."""
    wide = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(2000)) + "}\n"

    with pytest.raises(YamlAliasError):
        read_yaml((wide + "".join(f"b{n}: {{<<: *a}}\n" for n in range(600))).encode())


def test_keys_are_text() -> None:
    """Keys are the text that is written, as they are in JSON."""
    assert list(read_yaml(b"200: a\non: b\nNO: c\n~: d\n1e3: e\n2001-01-01: f\n")) == [
        *("200", "on", "NO", "~", "1e3", "2001-01-01")
    ]


@pytest.mark.parametrize(
    "text, found",
    [
        ("a: 1\nb: 2\na: 3", [("a", 3)]),
        ("x:\n  200: 1\n  '200': 2\n", [("200", 3)]),
        ("on: 1\nx: [{n: 1, n: 2, n: 3}]\n'on': 2", [("n", 2), ("n", 2), ("on", 3)]),
        ("a: &a {x: 1}\nb: {<<: *a, x: 2}\nc: *a\nTrue: 1\ntrue: 2", []),
    ],
)
def test_keys_that_an_object_has_twice(text: str, found: list[tuple[str, int]]) -> None:
    """Each is reported with its line, from 1; keys that differ as texts, and merged ones, are not the same."""
    duplicates: list[DuplicateKey] = []
    read_yaml(text.encode(), duplicates=duplicates)

    assert sorted(duplicates, key=lambda d: (d.line, d.key)) == found


def test_merge_keys() -> None:
    """An object's own keys go before merged ones, and of several merged objects the first one's."""
    document = read_yaml(b"a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: 1, x: 9}]}\n")
    assert document["b"] == {"x": 1, "y": 3}
    assert document["c"] == {"x": 1, "y": 2, "z": 1}


def test_depth_within_the_bound() -> None:
    """Many brackets beside each other, or in texts, are not deep."""
    assert len(read_yaml(b"[" + b"[1]," * 10_000 + b"'" + b"[" * 10_000 + b"']")) == 10_001
    assert read_yaml(b"[" * 400 + b"]" * 400) == yaml.safe_load("[" * 400 + "]" * 400)


ALIASES = {
    "circle": "a: &a [*a]",
    "bomb": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
    "bomb of merges": "a: &a {"
    + ",".join(f"k{n}: 1" for n in range(3_000))
    + "}\nb: {<<: ["
    + ",".join(["*a"] * 3_000)
    + "]}",
}


@pytest.mark.parametrize("text", ALIASES.values(), ids=ALIASES)
def test_aliases_are_bounded(text: str) -> None:
    """Aliases and merges that multiply, or lead back to themselves, are refused before anybody walks over them."""
    with pytest.raises(YamlAliasError, match="its aliases refer to their own anchors, or expand to more than"):
        read_yaml(text.encode())


def test_merges_of_merges_do_not_multiply() -> None:
    """Thirty merges, each of ten times the one before, come to the thirty keys that they hold."""
    steps = [f"b{n}: &b{n} {{k{n}: 1, <<: [{','.join([f'*b{n - 1}'] * 10)}]}}\n" for n in range(1, 30)]
    assert len(read_yaml(("b0: &b0 {k0: 1}\n" + "".join(steps)).encode())["b29"]) == 30


@pytest.mark.parametrize(
    "text, error, line",
    [
        ("a: 1\nb: [", YamlSyntaxError, 3),
        ("a: 1\nb: !!python/object:os.system {}", YamlTagError, 2),
        ("a: !!int abc", YamlTagError, 1),
        ("a:\n- !!map [x]", YamlTagError, 2),
        ("a: !!map x", YamlTagError, 1),
        ("a: !!timestamp 2001-01-01", YamlTagError, 1),
        ("a: !!bool maybe", YamlSyntaxError, None),
        ("a: " + "9" * 5_000, YamlTagError, 1),
        ("a: \x00", YamlSyntaxError, None),
    ],
)
def test_errors_say_where(text: str, error: type[YamlSyntaxError], line: int | None) -> None:
    """What cannot be read is told with its line; no tag builds anything, and no other exception gets out."""
    with pytest.raises(UnreadableYamlError) as caught:
        read_yaml(text.encode())
    assert type(caught.value) is error
    assert isinstance(caught.value, YamlSyntaxError)
    assert caught.value.line == line


@pytest.mark.parametrize("unit", ["[", "{a: "])
def test_what_nests_without_end_is_searched_in_linear_time(unit: str) -> None:
    """Files that are searched for secrets are no less hostile than documents: 100,000 levels took half a minute."""
    begun = time.process_time()

    found = scalars(f"key: value\nother: {unit * 100_000}".encode())
    assert next(found) == b"key"
    with pytest.raises(YamlDepthError):
        list(found)
    assert not has_alias(f"a: &b 1\nc: {unit * 100_000} *b".encode())
    assert time.process_time() - begun < 5


def test_scalars_are_unfolded_and_decoded() -> None:
    """Every key and value comes as it was before it was folded, packed or cut off, whatever the aliases."""
    text = b"key: 'a long\n  text'\nn: 1\nb: !!binary |\n  aGVs\n  bG8=\nc: [*nowhere, \"x"
    assert [*scalars(text)][:7] == [b"key", b"a long text", b"n", b"1", b"b", b"aGVs\nbG8=\n", b"hello"]


def test_aliases_are_seen() -> None:
    """An alias is one only where YAML takes it for one."""
    assert has_alias(b"a: &a 1\nb: *a")
    assert has_alias(b"[&a 1,*a]")
    assert not has_alias(b"accept: '*/*'\nbody: 'x &a 1, *a'")


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("text", [b"a: [1]", b"a: ["])
def test_the_cycle_collector_is_as_it_was(text: bytes, *, enabled: bool) -> None:
    """Reading pauses the collector, and leaves it as it found it, whether or not the text is YAML."""
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with suppress(YamlSyntaxError):
            read_yaml(text)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
