"""Reports: pure functions from one `Report` to text, and one function that writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.core.files import write_atomically
from harness.errors import HarnessError
from harness.model import Report
from harness.reports import html, json, junit, markdown

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "readiness.json": json.render,
    "readiness.md": markdown.render,
    "readiness.html": html.render,
    "readiness.junit.xml": junit.render,
}


def write(rendered: Mapping[str, str], folder: Path) -> None:
    """Write all texts into ``folder``; each file is either the old one or whole, never half.

    Raises `HarnessError` when the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in rendered.items():
            write_atomically(folder / name, text.encode())
    except OSError as exc:
        raise HarnessError(
            f"The report could not be written to {folder}: {exc.strerror}. Free space there, or choose another folder "
            "with --reports of harness gate, --harness-reports of pytest."
        ) from exc
