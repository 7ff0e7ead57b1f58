"""What the documents say is so: links resolve, commands exist, every key of harness.toml is described."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec
import pytest

from harness.cli.main import COMMANDS
from harness.context.target import load_target
from harness.errors import ConfigurationError
from harness.model.config import Configuration
from harness.operations.runbook_page import read_document
from tests.vague_words import vague_words

ROOT = Path(__file__).parents[2]
GENERATED = {"checks.md", "clients.md", "receivers.md"}
parsed = cache(read_document)
"""Each document is parsed once, however many links lead to it."""
EXTERNAL = re.compile(r"[a-z][\w+.-]*:", re.IGNORECASE)


def test_every_link_resolves(documents: tuple[Path, ...]) -> None:
    """A relative link leads to a file that is there, and its anchor to a heading."""
    broken = []
    for path in documents:
        for link in parsed(path).links:
            file, _, anchor = link.target.partition("#")
            linked = path.parent / file if file else path
            if not EXTERNAL.match(link.target) and not (linked.exists() and _has(linked, anchor)):
                broken.append(f"{path.name}:{link.line}: {link.target}")

    assert broken == []


def test_who_has_no_target_is_sent_to_a_command_that_exists(tmp_path: Path) -> None:
    """The message about a missing harness.toml names what writes one."""
    with pytest.raises(ConfigurationError) as caught:
        load_target(tmp_path)
    named = re.search(r"`harness (\w+)`", str(caught.value))

    assert named
    assert named[1] in COMMANDS


def test_the_readme_lists_the_subcommands_that_exist() -> None:
    """Its table of commands has a row for each, and for no other."""
    rows = re.findall(r"^\| `harness ([\w-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(COMMANDS)


def test_the_readme_links_every_guide() -> None:
    """The README links to every page of docs/."""
    guides = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}

    assert guides - {link.target.partition("#")[0] for link in parsed(ROOT / "README.md").links} == set()


def test_the_figures_of_the_readme_are_right() -> None:
    """The README states the number of signature schemes, and no more defects than there are."""
    from harness.webhooks.schemes import SCHEMES

    text = (ROOT / "README.md").read_text()
    defects = tomllib.loads((ROOT / "harness" / "sandbox" / "defects.toml").read_text())

    assert f"any of {len(SCHEMES)} signature schemes" in text
    assert "more than two hundred" in text
    assert len(defects["defect"]) > 200


def test_a_selection_that_is_shown_selects_something(documents: tuple[Path, ...]) -> None:
    """The word after `-k` is part of a shipped test's name, or of a file that the same page has the reader write."""
    suite = "\n".join(p.read_text() for p in (ROOT / "harness" / "suite").glob("test_*.py"))
    for path in documents:
        text = path.read_text()
        for word in re.findall(r"^ *harness gate -k (\w+)$", text, re.MULTILINE):
            assert re.search(rf"def test_\w*{word}", suite) or f"/{word}.py`" in text, f"{path.name}: -k {word}"


def test_the_guides_are_plain_english(documents: tuple[Path, ...]) -> None:
    """No page that is written by hand has a vague word."""
    hand_written = [path for path in documents if path.name not in GENERATED]
    vague = [
        f"{path.name}:{number}: {word}; write: {instead}"
        for path in hand_written
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for word, instead in vague_words(line.replace("`Target.lacks`", ""))
    ]

    assert vague == []


def test_contributing_lists_the_targets_that_exist() -> None:
    """Its table of commands has a row for each target of the Makefile, and for no other."""
    rows = re.findall(r"^\| `make ?(\w*)`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert targets
    assert sorted(row or "help" for row in rows) == sorted(targets[1].split())


def test_contributing_names_what_ci_runs() -> None:
    """CI checks, tests, plants each defect and tries the lowest versions, in this order, and the guide says so."""
    run = re.findall(r"^make (\w+)\b", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    described = (ROOT / "CONTRIBUTING.md").read_text().partition("`.ci/run`")[2].partition("\n\n")[0]

    assert run == ["check", "test", "matrix", "soak"]
    assert re.findall(r"`make (\w+)`", described) == run
    assert f"tests run with `make {run[1]}`" in (ROOT / "README.md").read_text()


def test_every_room_stands_in_the_architecture() -> None:
    """Each module and package of the harness is named in the table of floors."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {p.stem for p in (ROOT / "harness").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}

    assert sorted(room for room in rooms - {"__init__"} if f"`{room}`" not in text) == []


def test_every_everyday_change_names_a_folder_and_files_that_exist() -> None:
    """Each row of the architecture's first table opens one folder of the package, and the files it names are there."""
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## Where do I make this change?")[2]
    rows = re.findall(r"^\| [^|]+ \| `(harness/[\w/]+/)`(.*) \|$", text.partition("\n## ")[0], re.MULTILINE)

    assert len(rows) == 20
    files = [f"{folder}{name}" for folder, rest in rows for name in ("", *re.findall(r"`([\w.]+)`", rest))]
    assert [file for file in files if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("section", [f.name for f in msgspec.structs.fields(Configuration)])
def test_every_key_of_a_section_is_described(section: str) -> None:
    """The guide describes each key that harness.toml may hold, and no other."""
    assert sorted(documented()[section]) == sorted(_keys(_type_of(section)))


def documented() -> dict[str, list[str]]:
    """Return the keys described under each heading such as ``## `[process.NAME]```."""
    text = (ROOT / "docs" / "adapting.md").read_text()
    parts = re.split(r"^## `\[+(\w+)[^`]*`$", text, flags=re.MULTILINE)[1:]
    rows = (re.findall(r"^\| `([\w.]+)` \|", body, re.MULTILINE) for body in parts[1::2])
    return dict(zip(parts[::2], rows, strict=True))


def _type_of(section: str) -> type:
    found = next(f.type for f in msgspec.structs.fields(Configuration) if f.name == section)
    return next(_structs(found))


def _structs(annotation: Any) -> Iterator[type]:
    """Yield the structs in an annotation such as ``Bearer | ApiKey | None`` or ``dict[str, Process]``."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for inner in get_args(annotation):
        yield from _structs(inner)


def _keys(struct: type) -> set[str]:
    """Return the keys of a section; those of a struct inside it with its name before them.

    A table of tables, which have the keys of another one of the section, is ``table.NAME``.
    """
    config = msgspec.structs.fields(struct)
    found = {struct.__struct_config__.tag_field} - {None}  # type: ignore[attr-defined]  # every msgspec struct has it
    for field in config:
        if get_origin(field.type) is dict and any(_structs(field.type)):
            found |= {f"{field.encode_name}.NAME"}
            continue
        inner = {f"{field.encode_name}.{key}" for nested in _structs(field.type) for key in _keys(nested)}
        text_or_table = isinstance(field.type, UnionType) and str in get_args(field.type)
        found |= inner | {field.encode_name} if text_or_table or not inner else inner
    return found


def _has(path: Path, anchor: str) -> bool:
    return not anchor or anchor in parsed(path).anchors


def test_what_the_guides_call_a_fixture_is_one(pytester: pytest.Pytester, documents: tuple[Path, ...]) -> None:
    """Every fixture in the table of the testing guide is known to pytest."""
    testing = next(p for p in documents if p.name == "testing.md").read_text()
    table = testing.partition("## Other fixtures")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `")))
    known = pytester.runpytest_inprocess("--fixtures", "-q", "-p", "no:schemathesis").stdout.str()

    assert len(named) > 5
    assert [name for name in named if not re.search(rf"^{name}\b", known, re.MULTILINE)] == []


def test_the_guide_lists_the_schemes_that_exist() -> None:
    """Its table has a row for each scheme, in order, with the header that carries the signature, if one does."""
    from harness.webhooks.schemes import SCHEMES

    table = (ROOT / "docs" / "webhooks.md").read_text().partition("\n## Schemes\n")[2].partition("\n## ")[0]

    rows = re.findall(r"^\| `([\w-]+)` \| (?:`([\w-]+)`|in the body|none) ", table, re.MULTILINE)
    assert rows == [(s.name, s.header) for s in SCHEMES]


def test_the_guide_quotes_the_message_for_a_call_without_a_recording() -> None:
    """What the testing guide shows is what a scenario prints, word for word."""
    from vcr.request import Request

    from harness.cassettes.play.mismatch import unmatched

    recorded, seen = (
        Request("POST", "https://api/runs", json.dumps({"trigger": trigger}), {"content-type": "application/json"})
        for trigger in ("manual", "schedule")
    )
    test = "tests/scenarios/test_runs.py::test_a_manual_run_succeeds"
    place = f"cassettes/{test.replace('.py::', '/')}.yaml"
    message = unmatched(seen, [recorded], times=0, place=place, again=f"pytest --harness-mode=rewrite {test}")

    assert f"```text\n{message}\n```" in (ROOT / "docs" / "testing.md").read_text()


def test_what_the_guides_call_a_hook_is_one() -> None:
    """The table of hooks is the list of those that the harness declares."""
    from harness.plugins import hookspecs

    declared = {name for name in vars(hookspecs) if name.startswith("pytest_")}

    assert (
        set(re.findall(r"^\| `(pytest_\w+)\(", (ROOT / "docs" / "writing-a-check.md").read_text(), re.MULTILINE))
        == declared
    )
