"""Options of pytest that a gate refuses: those it sets itself, and those that turn checks off or run no test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.core.foreign_files import read_text
from harness.errors import ConfigurationError

_ONLY_LIVE = "The gate runs every scenario live and from its recordings. For another mode run pytest itself."
_SETS = {
    "--harness-mode": _ONLY_LIVE,
    "--harness-gate": "Leave it out.",
    "--harness-part": "Leave it out.",
    "--harness-reports": "Name the folder with harness gate --reports DIR.",
    "--harness-target": "Name the overlay with harness gate --target NAME.",
    "--rootdir": "Run harness gate in the folder that holds harness.toml.",
}
"""What only the gate sets, with what to do instead."""
_RUNS_NOTHING = (
    *("--collect-only", "--collectonly", "--co", "--setup-only", "--setuponly", "--setup-plan", "--setupplan"),
    *("--fixtures", "--funcargs", "--fixtures-per-test", "--markers", "--cache-show", "--version", "-V", "-h"),
    *("--looponfail", "-f"),
)
"""What makes pytest print something, or run in a loop, instead of running each test once."""
_TURNS_OFF = ("--noconftest", "--confcutdir", "--disable-plugin-autoload")
"""What keeps plugins or conftests from loading, and with them checks, hooks and fixtures."""
_COLLECTING = (
    *("addopts", "collect_imported_tests", "norecursedirs", "python_classes", "python_files", "python_functions"),
    *("testpaths", "usefixtures"),
)
"""Keys of pytest's configuration that decide which functions are tests, or run more before each."""
_NO_OURS = "no:harness"


def refuse_options(pytest_args: Sequence[str]) -> None:
    """Raise `ConfigurationError` for the first option of pytest that would change what a gate judges."""
    words = list(_expanded(pytest_args))
    for number, word in enumerate(words):
        option, _, given = word.partition("=")
        if option in _SETS:
            raise ConfigurationError(f"{option} is set by the gate itself. {_SETS[option]}")
        if option in _RUNS_NOTHING:
            raise ConfigurationError(f"harness gate runs every test once, and {option} does not. Run pytest {option}.")
        if option in _TURNS_OFF:
            raise ConfigurationError(
                f"{option} turns plugins or conftests off, and with them checks. Run harness gate without it."
            )
        following = words[number + 1] if number + 1 < len(words) else ""
        if word.startswith("-p"):
            _refuse_plugin(word[2:].strip() or following)
        elif option == "--override-ini":
            _refuse_key(given or following)
        elif word.startswith("-o"):
            _refuse_key(word[2:].strip() or following)


def _expanded(pytest_args: Sequence[str]) -> Iterator[str]:
    """Yield the words as pytest reads them: ``@FILE`` stands for the lines of a file."""
    for word in pytest_args:
        if not word.startswith("@"):
            yield word
            continue
        try:
            yield from read_text(Path(word[1:])).splitlines()
        except (OSError, UnicodeError):
            raise ConfigurationError(f"{word}: the file of arguments cannot be read. Correct its path.") from None


def _refuse_plugin(plugin: str) -> None:
    if plugin.startswith(_NO_OURS):
        raise ConfigurationError(
            f"-p {plugin} turns checks of the harness off; without a plugin of the harness there is no verdict. "
            "Run harness gate without it."
        )


def _refuse_key(text: str) -> None:
    key = text.partition("=")[0].strip()
    if key in _COLLECTING:
        raise ConfigurationError(
            f"-o {key}=... changes which functions are tests. Set {key} in pytest's configuration, so that every run "
            "uses it; the gate reports scenario files that give no test."
        )
