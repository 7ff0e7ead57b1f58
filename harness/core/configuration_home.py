"""Where a target is described: harness.toml, or ``[tool.harness]`` of pyproject.toml. Every look for it begins here.

pytest starts with this question in every project that has the harness installed, so it imports little, and a
pyproject.toml that cannot have the section is not parsed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.core.foreign_files import MAX_TEXT, read_file

CONFIG_NAME = "harness.toml"
PYPROJECT = "pyproject.toml"
SECTION = ("tool", "harness")
"""The keys that lead to the description in pyproject.toml."""
_LIKELY = rb"""harness["']?[ \t]*[.\]=]"""
"""The last word of the section, as a header, a key or a part of one."""
_HEADER = rb"""(?m)^[ \t]*\[+[ \t]*tool[ \t]*\.[ \t]*["']?harness"""
_PLACE = r"(?<![\w.])(?:harness|pyproject)\.toml(: | does not set | has no )(\[+)(?!tool\.harness)"


def configuration_file(directory: Path) -> Path | None:
    """Return the file in ``directory`` that describes its target, None where there is none.

    Raises `ConfigurationError` where there are two.
    """
    own, shared = directory / CONFIG_NAME, directory / PYPROJECT
    if not _has_section(shared):
        return own if os.path.lexists(own) else None
    if os.path.lexists(own):
        from harness.errors import ConfigurationError

        raise ConfigurationError(
            f"{CONFIG_NAME} and [tool.harness] of {PYPROJECT} both describe the target in {directory}. Keep one: "
            f"delete {CONFIG_NAME}, or delete [tool.harness] and the tables below it from {PYPROJECT}."
        )
    return shared


def not_found(*directories: Path) -> str:
    """Return the message that no target is described in ``directories``, and how to begin one."""
    places = " nor in ".join(map(str, dict.fromkeys(directories)))
    return (
        f"{CONFIG_NAME} not found in {places}. Run in the folder that holds it, or let `harness init` write one: it "
        "asks at most six questions."
    )


def in_words_of(file: Path | None, text: str) -> str:
    """Return a message about harness.toml with the names that its keys have in ``file``."""
    if file is None or file.name != PYPROJECT:
        return text
    return re.sub(_PLACE, lambda found: f"{PYPROJECT}{found[1]}{found[2]}tool.harness.", text)


def in_words_here(text: str) -> str:
    """Return a message about harness.toml in the words of the file that describes the target of the working folder."""
    from harness.errors import ConfigurationError

    try:
        return in_words_of(configuration_file(Path.cwd()), text)
    except (ConfigurationError, OSError):
        return text


def section_of(path: Path) -> tuple[str, ...]:
    """Return the keys that lead to the description of the target in a file: none in harness.toml and its overlays."""
    return SECTION if path.name == PYPROJECT else ()


def _has_section(path: Path) -> bool:
    try:
        content = read_file(path, MAX_TEXT)
    except OSError:
        return False
    if b"harness" not in content or not re.search(_LIKELY, content):
        return False
    from harness.core.toml import UnreadableTomlError, read_toml

    try:
        tool = read_toml(content.decode()).get("tool")
    except (UnicodeDecodeError, UnreadableTomlError):  # which is reported where the target is read
        return not os.path.lexists(path.with_name(CONFIG_NAME)) and re.search(_HEADER, content) is not None
    return isinstance(tool, dict) and "harness" in tool
