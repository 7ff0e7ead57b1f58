"""YAML from untrusted sources: depth and expanded aliases are bounded, and no tag builds an object."""

from __future__ import annotations

import base64
import gc
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, NamedTuple

import yaml

from harness.core.yaml_loader import DepthExceededError, bounded
from harness.errors import one_line

MAX_DEPTH = 500
"""Levels of nesting."""
MAX_VALUES = 5_000_000
"""Values of a document with its aliases written out. GitHub's description of 13 MB has 260,000."""
MAX_MERGED = 1_000_000
"""Values that merge keys bring into other objects."""
MAX_DIGITS = 1000
"""Of an integer: Python writes none of more than 4,300 digits, and JSON Schema compares none."""
_ENDLESS = MAX_VALUES + 1
_ANCHOR = re.compile(rb"&(?<![^\s\[{,]&)[\w-]")
_ALIAS = re.compile(rb"\*(?<=[-:,\[{?\s]\*)[\w-]")
_TAG = "tag:yaml.org,2002:"
_KEY_TAGS = frozenset(_TAG + kind for kind in ("int", "float", "bool", "null"))


class UnreadableYamlError(ValueError):
    """A text that is not YAML, or YAML that is refused for safety."""


class YamlSyntaxError(UnreadableYamlError):
    """A text that is not YAML; ``problem`` is the reason, ``line`` the line (from 1; None for the whole text)."""

    def __init__(self, exc: Exception) -> None:
        super().__init__(one_line(exc))
        mark = exc.problem_mark if isinstance(exc, yaml.MarkedYAMLError) else None
        self.line = mark.line + 1 if mark else None
        self.problem = str(exc.problem) if isinstance(exc, yaml.MarkedYAMLError) else str(self)


class YamlTagError(YamlSyntaxError):
    """A tag that would build something other than a JSON value; none of it was executed."""


class YamlDepthError(UnreadableYamlError):
    """A text that nests too deeply; ``line`` is where (from 1)."""

    def __init__(self, max_depth: int, line: int) -> None:
        super().__init__(f"it nests deeper than {max_depth} levels")
        self.line = line


class YamlAliasError(UnreadableYamlError):
    """Aliases that lead back to their own anchors, or multiply beyond all bounds."""

    def __init__(self) -> None:
        super().__init__(f"its aliases refer to their own anchors, or expand to more than {MAX_VALUES:,} values")


class DuplicateKey(NamedTuple):
    """A key that an object has again, though keys are unique (YAML 1.2, section 3.2.1.1); the last value counts."""

    key: str
    line: int
    """Line of the later one, from 1."""


class CoreLoader(yaml.CSafeLoader):
    """The core schema of YAML 1.2 (section 10.3.2), and merge keys, which OpenAPI documents use.

    ``NO``, ``on``, ``=``, ``1:30`` and ``1_000`` are text, ``1e3`` and ``0o17`` numbers, dates the text that they are
    in JSON. So are keys: ``200:``.
    """

    yaml_constructors: ClassVar[dict[str | None, Any]] = {
        tag: build
        for tag, build in yaml.CSafeLoader.yaml_constructors.items()
        if tag is None or tag.removeprefix(_TAG) in ("null", "bool", "float", "str", "seq", "map")
    }
    _merged = 0

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.duplicates: list[DuplicateKey] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        """Build an object whose keys are texts."""
        if isinstance(node, yaml.MappingNode):  # else PyYAML refuses the tag, with its line
            for key, _ in node.value:
                if key.tag in _KEY_TAGS:
                    key.tag = f"{_TAG}str"
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            self.duplicates += _duplicates(node)
        return mapping

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Expand merge keys, and count them: merges of merges multiply like aliases of aliases."""
        has_merges = False
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                has_merges = True
                inner = value.value if isinstance(value, yaml.SequenceNode) else [value]
                self._merged += sum(len(each.value) for each in inner)
        if self._merged > MAX_MERGED:
            raise YamlAliasError
        super().flatten_mapping(node)
        if has_merges:  # the last of each key holds, so no more than these need be merged again
            node.value = list({(k.tag, str(k.value)): (k, v) for k, v in node.value}.values())


def _duplicates(node: yaml.MappingNode) -> Iterator[DuplicateKey]:
    seen = set()
    for key, _ in node.value:
        if key.value in seen:
            yield DuplicateKey(key.value, key.start_mark.line + 1)
        seen.add(key.value)


def _construct_int(loader: CoreLoader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    if len(text) > MAX_DIGITS:
        raise yaml.constructor.ConstructorError(None, None, "that integer is too long", node.start_mark)
    try:
        return int(text, 0 if text[:2] in ("0o", "0x") else 10)
    except ValueError:
        raise yaml.constructor.ConstructorError(None, None, "that is not an integer", node.start_mark) from None


def _construct_float(loader: CoreLoader, node: yaml.ScalarNode) -> float:
    number = loader.construct_yaml_float(node)
    if not math.isfinite(number):
        problem = "that number is infinite or none, which JSON does not have, or too large"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return float(number)


def _construct_text(loader: CoreLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


CoreLoader.yaml_implicit_resolvers = {}
CoreLoader.add_constructor(f"{_TAG}int", _construct_int)
CoreLoader.add_constructor(f"{_TAG}float", _construct_float)
for _kind in ("merge", "binary"):  # ``<<`` as a value, and what JSON holds as the same text
    CoreLoader.add_constructor(_TAG + _kind, _construct_text)
for _kind, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("merge", r"<<", "<"),
):
    CoreLoader.add_implicit_resolver(_TAG + _kind, re.compile(rf"(?:{_pattern})\Z"), list(_first))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the cycle collector: it searches the nodes of a large text again and again, twice as long as reading it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def read_yaml(
    text: bytes,
    *,
    loader: type[yaml.CSafeLoader] = CoreLoader,
    max_depth: int = MAX_DEPTH,
    duplicates: list[DuplicateKey] | None = None,
) -> Any:
    """Return the one document in ``text``, read by ``loader``, another safe loader for a format of another schema.

    Keys that an object has twice are added to ``duplicates``; only the core schema's loader finds them.
    Raises `YamlSyntaxError`, `YamlTagError`, `YamlDepthError` or `YamlAliasError`.
    """
    try:
        document = _loaded(bounded(loader, max_depth)(text), duplicates)
    except DepthExceededError:
        raise YamlDepthError(max_depth, _line_of_depth(text, max_depth)) from None
    except yaml.constructor.ConstructorError as exc:
        raise YamlTagError(exc) from None
    except UnreadableYamlError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError, LookupError) as exc:
        raise YamlSyntaxError(exc) from None
    if _ANCHOR.search(text) and _ALIAS.search(text) and _expanded(document, {}) > MAX_VALUES:
        raise YamlAliasError
    return document


def _loaded(loader: yaml.CSafeLoader, duplicates: list[DuplicateKey] | None) -> Any:
    try:
        document = loader.get_single_data()
    finally:
        loader.dispose()
    if duplicates is not None and isinstance(loader, CoreLoader):
        duplicates += loader.duplicates
    return document


@_uncollected()
def compose_yaml(text: bytes, *, max_depth: int = MAX_DEPTH) -> list[yaml.Node]:
    """Return the nodes of every document in ``text``, which know their lines; empty documents are left out.

    Aliases are the nodes of their anchors, so that a node can be within itself. Raises `YamlSyntaxError` or
    `YamlDepthError`.
    """
    try:
        loader = bounded(yaml.CSafeLoader, max_depth)
        return [node for node in yaml.compose_all(text, loader) if not _is_null(node)]
    except DepthExceededError:
        raise YamlDepthError(max_depth, _line_of_depth(text, max_depth)) from None
    except (yaml.YAMLError, RecursionError, ValueError, LookupError) as exc:
        raise YamlSyntaxError(exc) from None


def _is_null(node: yaml.Node) -> bool:
    return node is None or node.tag == f"{_TAG}null"


def has_alias(text: bytes) -> bool:
    """Whether a YAML text contains an alias; raises `YamlSyntaxError`."""
    if not (_ANCHOR.search(text) and _ALIAS.search(text)):
        return False
    try:
        return any(isinstance(event, yaml.AliasEvent) for event in _events(text))
    except YamlDepthError:
        return False
    except yaml.YAMLError as exc:
        raise YamlSyntaxError(exc) from None


def scalars(text: bytes) -> Iterator[bytes]:
    """Yield every key and value of a YAML text, unfolded and decoded.

    It ends where the text is no longer YAML; raises `YamlDepthError` where it nests too deeply.
    """
    events = _events(text)
    with suppress(yaml.YAMLError, UnicodeError):
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                value = event.value.encode(errors="surrogatepass")
                yield value
                if event.tag == f"{_TAG}binary":
                    with suppress(ValueError):
                        yield base64.b64decode(value)


def _events(text: bytes) -> Iterator[yaml.Event]:
    """Yield what the parser finds, up to `MAX_DEPTH` levels: the time of the parser grows with the square of them.

    Raises `YamlDepthError` there.
    """
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise YamlDepthError(MAX_DEPTH, event.start_mark.line + 1 if event.start_mark else 1)
        yield event


def _line_of_depth(text: bytes, max_depth: int) -> int:
    """Return the line (from 1) on which a text nests more deeply than ``max_depth`` levels."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > max_depth:
            return event.start_mark.line + 1 if event.start_mark else 1
    return 1


def _expanded(node: Any, known: dict[int, int]) -> int:
    """Return how many values a node has where every alias is written out."""
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in known:
        known[id(node)] = _ENDLESS  # as long as it is within itself
        children = node.values() if isinstance(node, dict) else node
        known[id(node)] = 1 + sum(_expanded(child, known) for child in children)
    return known[id(node)]
