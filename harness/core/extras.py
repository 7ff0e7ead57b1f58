"""The extras of this package: which module each brings, and how it is installed where it is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from harness.errors import ConfigurationError

PACKAGE = "readiness-harness"


class Extra(StrEnum):
    """An extra of pyproject.toml."""

    POSTGRES = "postgres"
    REDIS = "redis"
    SANDBOX = "sandbox"
    SQL = "sql"
    TELEMETRY = "telemetry"


MODULES: Mapping[str, tuple[Extra, str]] = {
    "google.protobuf": (Extra.TELEMETRY, "protobuf"),
    "opentelemetry.exporter.otlp.proto.http": (Extra.SANDBOX, "opentelemetry-exporter-otlp-proto-http"),
    "opentelemetry.proto": (Extra.TELEMETRY, "opentelemetry-proto"),
    "opentelemetry.sdk": (Extra.SANDBOX, "opentelemetry-sdk"),
    "promql_parser": (Extra.TELEMETRY, "promql-parser"),
    "psycopg": (Extra.POSTGRES, "psycopg"),
    "redis": (Extra.REDIS, "redis"),
    "sqlalchemy": (Extra.SQL, "SQLAlchemy"),
    "stamina": (Extra.SANDBOX, "stamina"),
    "starlette": (Extra.SANDBOX, "starlette"),
    "structlog": (Extra.SANDBOX, "structlog"),
    "uvicorn": (Extra.SANDBOX, "uvicorn"),
}
"""By module, the extra that installs it, and the name of its distribution."""


def require(wanted_by: str, *modules: str, extra: Extra | None = None) -> None:
    """Raise `ConfigurationError` that names the extra to install, if one of ``modules`` is not installed.

    ``wanted_by`` is the command or the key of harness.toml that needs them; ``extra`` the one to install where another
    than theirs brings all that it needs.
    """
    missing = [module for module in modules if not is_installed(module)]
    if missing:
        packages = ", ".join(MODULES[module][1] for module in missing)
        command = install_command(extra or MODULES[missing[0]][0])
        raise ConfigurationError(
            f"{wanted_by} needs {packages}, which {'are' if len(missing) > 1 else 'is'} not installed. "
            f"Install the extra: {command}"
        )


def is_installed(module: str) -> bool:
    """Whether a module can be imported, without importing it (its parent packages are)."""
    try:
        return find_spec(module) is not None
    except ImportError:
        return False


def install_command(extra: Extra) -> str:
    """Return the command that installs ``extra`` from where this package was installed: a folder, a URL or an index."""
    return f"pip install '{_source(extra)}'"


def _source(extra: Extra) -> str:
    named = f"{PACKAGE}[{extra}]"
    origin = _origin()
    url = str(origin.get("url", ""))
    if not url:
        return named
    if "dir_info" in origin:
        return f"{url2pathname(urlsplit(url).path)}[{extra}]"
    vcs = origin.get("vcs_info")
    return f"{named} @ {vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else f"{named} @ {url}"


def _origin() -> Mapping[str, Any]:
    """Return where this package was installed from (PEP 610), empty if from an index or not installed at all."""
    try:
        text = distribution(PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        text = None
    origin: Mapping[str, Any] = json.loads(text) if text else {}
    return origin
