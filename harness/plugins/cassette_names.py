"""The names of a test as its cassette and the commands that record it need them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugins.stash import item_mode

if TYPE_CHECKING:
    from harness.cassettes.store.cassette_paths import CassettePath


def uses_cassette(item: pytest.Item) -> bool:
    """Whether a test has a cassette."""
    return "_scenario_cassette" in getattr(item, "fixturenames", ())


def cassette_path(item: pytest.Item, root: Path) -> CassettePath:
    """Return where the recording of a test lies below ``root``, the same in every mode."""
    from harness.cassettes.store.cassette_paths import CassettePath, current_path, former_path

    module = file_of(item, root)
    function = str(getattr(item, "originalname", None) or item.name)
    ids = "-".join(_parameter_ids(item))
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return CassettePath(
        current=current_path(module, [*classes, f"{function}[{ids}]" if ids else function]),
        former=former_path(module, function, [value for name, value in params.items() if name != "harness_mode"]),
    )


def default_places(item: pytest.Item, root: Path) -> set[str]:
    """Return where pytest-recording and pytest-vcr store the cassette of a test by default, relative to ``root``."""
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    name = ".".join([*classes[-1:], item.name]) + ".yaml"
    folder = PurePosixPath(file_of(item, root)).parent / "cassettes"
    return {str(folder / name), str(folder / item.path.stem / name)}


def file_of(item: pytest.Item, root: Path) -> PurePosixPath:
    """Return the file of a test relative to ``root``; where it is elsewhere, as pytest names it."""
    if item.path.is_relative_to(root):
        return PurePosixPath(item.path.relative_to(root).as_posix())
    return PurePosixPath(*(part for part in PurePosixPath(item.nodeid.partition("::")[0]).parts if part not in "/.."))


def node_of(item: pytest.Item) -> str:
    """Return the node id of a test without the mode it was run in."""
    callspec: Any = getattr(item, "callspec", None)
    if callspec is None:
        return item.nodeid
    ids = "-".join(_parameter_ids(item))
    name = item.nodeid.replace(f"[{callspec.id}]", "")
    return f"{name}[{ids}]" if ids else name


def _parameter_ids(item: pytest.Item) -> list[str]:
    """Return the ids of a test's parameters, without the one of its mode."""
    callspec: Any = getattr(item, "callspec", None)
    ids = list(callspec._idlist) if callspec else []  # noqa: SLF001 - `id` is these, joined: what is which is lost there
    if callspec and "harness_mode" in callspec.params and (mode := item_mode(item, item.config)) in ids:
        ids.remove(mode)
    return ids
