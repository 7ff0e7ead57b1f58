"""A gate refuses the options of pytest with which it would judge less than the whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.cli.refused_options import refuse_options
from harness.errors import ConfigurationError

REFUSED = {
    "mode": (("--harness-mode=replay",), "--harness-mode is set by the gate itself. The gate runs every scenario live"),
    "mode in two words": (("-q", "--harness-mode", "replay"), "For another mode run pytest itself"),
    "gate": (("--harness-gate",), "--harness-gate is set by the gate itself. Leave it out."),
    "reports": (("--harness-reports=x",), "harness gate --reports DIR"),
    "target": (("--harness-target=x",), "harness gate --target NAME"),
    "root": (("--rootdir=/",), "the folder that holds harness.toml"),
    "own plugin off": (("-p", "no:harness-core"), "-p no:harness-core turns checks of the harness off"),
    "own plugin off in one word": (("-pno:harness-findings",), "without a plugin of the harness there is no verdict"),
    "no plugins": (("--disable-plugin-autoload",), "turns plugins or conftests off"),
    "no conftests": (("--noconftest",), "Run harness gate without it."),
    "conftests cut": (("--confcutdir=scenarios",), "turns plugins or conftests off"),
    "collecting only": (("--co",), "runs every test once, and --co does not"),
    "set up only": (("--setup-only",), "Run pytest --setup-only."),
    "fixtures": (("--fixtures",), "runs every test once"),
    "in a loop": (("-f",), "runs every test once"),
    "other files": (("-o", "python_files=check_*.py"), "python_files=... changes which functions are tests"),
    "other functions": (("-opython_functions=none",), "Set python_functions in pytest's configuration"),
    "other folders": (("--override-ini=norecursedirs=scenarios",), "norecursedirs=... changes"),
}


@pytest.mark.parametrize("words, text", REFUSED.values(), ids=REFUSED.keys())
def test_what_would_change_the_verdict_is_refused(words: tuple[str, ...], text: str) -> None:
    """Each such option is refused with what to do instead, however it is written."""
    with pytest.raises(ConfigurationError) as refused:
        refuse_options(words)

    assert text in str(refused.value)


def test_a_file_of_arguments_is_read(tmp_path: Path) -> None:
    """What pytest would read from ``@FILE`` is refused as if it were on the command line."""
    (tmp_path / "args").write_text("-q\n--harness-mode=replay\n")

    with pytest.raises(ConfigurationError, match="--harness-mode is set by the gate itself"):
        refuse_options([f"@{tmp_path / 'args'}"])
    with pytest.raises(ConfigurationError, match="the file of arguments cannot be read"):
        refuse_options([f"@{tmp_path / 'none'}"])


@pytest.mark.parametrize(
    "words",
    [
        ("-n2",),
        ("-k", "credential", "-m", "not slow"),
        ("-p", "no:cacheprovider", "-p", "one_item"),
        ("-o", "log_cli=true", "-x", f"--junitxml=a{os.sep}b.xml"),
        ("--harness-seed=1", "--harness-fuzz=quick", "-vv", "-p"),
    ],
    ids=" ".join,
)
def test_other_options_go_to_pytest(words: tuple[str, ...]) -> None:
    """What selects, spreads, shows or seeds is not refused: a run that leaves tests out reports it."""
    refuse_options(words)
