"""The JSON Schemas of harness.toml and its overlays that the package ships, for editors of TOML."""

from __future__ import annotations

from pathlib import Path

from harness import model
from harness.core.files import write_atomically
from harness.errors import HarnessError

SCHEMA, OVERLAY_SCHEMA = "harness.schema.json", "harness.overlay.schema.json"
SCHEMA_FOLDER = Path(model.__file__).parent / "config"


def shipped_schema(name: str = SCHEMA) -> str:
    """Return the schema of harness.toml, or of its overlays, as the package has it."""
    return (SCHEMA_FOLDER / name).read_text(encoding="utf-8")


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write both schemas into ``folder``, in place of those of another version, and return their paths.

    Raises `HarnessError` where they cannot be written.
    """
    paths = (folder / SCHEMA, folder / OVERLAY_SCHEMA)
    try:
        for path in paths:
            write_atomically(path, shipped_schema(path.name).encode())
    except OSError as exc:
        raise HarnessError(f"{folder}: the schemas cannot be written: {exc.strerror}. Choose another folder.") from None
    return paths


def schema_line(name: str = SCHEMA) -> str:
    """Return the line, the first of a file of TOML, by which editors find its schema beside it."""
    return f"#:schema ./{name}"
