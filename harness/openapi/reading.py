"""The text of an OpenAPI document, JSON or YAML, read without trusting it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.core.foreign_files import read_file, real_path
from harness.core.json_or_yaml import read_json_or_yaml
from harness.core.yaml import DuplicateKey, UnreadableYamlError, YamlSyntaxError
from harness.errors import NetworkError, SpecError, one_line
from harness.openapi.references import path_of
from harness.openapi.versions import unsupported_version

Fetch = Callable[[str], bytes]
"""Returns the content of a URL; raises what httpx does, or `HarnessError`."""
RepeatedKeys = dict[str, list[DuplicateKey]]
"""The keys that objects have twice, by the URL of the file."""
BEHIND_A_CREDENTIAL = (401, 403)
"""The statuses by which a server asks for another credential, or for one."""
_TEXTS = (".md", ".txt", ".graphql", ".html")


class UnauthorizedDocumentError(LookupError):
    """What is asked for is there only with another credential, or with one."""


def fetched_document(url: str, place: str, fetch: Fetch | None) -> bytes:
    """Return the text of the document at a URL; raises `SpecError`, which begins with ``place``."""
    assert fetch is not None
    try:
        return fetched(fetch, url)
    except UnauthorizedDocumentError as exc:
        advice = (
            "It is behind a credential: that of [provider] auth is sent to the origin of base_url alone. Save the "
            "document, and give the path of that file."
        )
        raise SpecError(f"{place} cannot be read: {exc}. {advice}") from None
    except LookupError as exc:
        advice = "Give the URL of the description itself, or save it, and give the path of that file."
        raise SpecError(f"{place} cannot be read: {exc}. {advice}") from None


def document_of(path: Path, place: str, root: Path) -> bytes:
    """Return the text of the document in a file; raises `SpecError`, which begins with ``place``."""
    try:
        return read_file(path)
    except OSError as exc:
        why = f"{place} cannot be read: {exc.strerror}. Paths start at {root}; a URL works too."
        raise SpecError(why) from None


def read_document(text: bytes, place: str, repeated: list[DuplicateKey] | None = None) -> dict[str, Any]:
    """Return the document in ``text``; raises `SpecError`, which begins with ``place``, where it came from.

    Keys that an object has twice are added to ``repeated``; see `read_json_or_yaml`.
    """
    if not text.strip():
        raise SpecError(f"{place} is empty. Name the file of the API description itself.")
    try:
        document = read_json_or_yaml(text, duplicates=repeated)
    except YamlSyntaxError as exc:
        line = f"line {exc.line}: " if exc.line else ""
        raise SpecError(f"{place} is neither JSON nor YAML: {line}{exc.problem}. Correct it and run again.") from None
    except RecursionError:
        raise SpecError(f"{place} is neither JSON nor YAML: it nests too deeply. Correct it and run again.") from None
    except UnreadableYamlError as exc:
        raise SpecError(f"{place} was refused: {exc}. Write it without such nesting or aliases.") from None
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & document.keys()):
        raise SpecError(
            f"{place} is not an OpenAPI document: it has no `openapi` key at the top. "
            "Name the file of the API description itself."
        )
    if unsupported := unsupported_version(document, text):
        raise SpecError(f"{place}: {unsupported}. Name a document of one of these versions.")
    described = any(document.get(key) for key in ("paths", "webhooks", "x-webhooks"))
    if not isinstance(document.get("paths") or {}, dict) or not described:
        raise SpecError(f"{place} describes no operation: `paths` is empty. Name a document with operations.")
    document["paths"] = document.get("paths") or {}
    for key in ("openapi", "swagger"):
        if isinstance(document.get(key), int | float):  # unquoted, YAML reads a version of two parts as a number
            document[key] = f"{document[key]:.1f}" + (".0" if key == "openapi" else "")
    return document


def read_at(fetch: Fetch | None, folders: Sequence[Path], repeated: RepeatedKeys, url: str) -> Any:
    """Return the content of a URL, or of a file below one of the ``folders``, and note its ``repeated`` keys.

    Raises `HarnessError`, `OSError`, `LookupError` or `ValueError`.
    """
    if url.startswith("file:"):
        path = real_path(path_of(url))  # links and ``..`` lead where they lead
        if not any(path.is_relative_to(folder.resolve()) for folder in folders):
            places = " or ".join(str(folder.resolve()) for folder in folders)
            raise LookupError(f"the file is not below {places}; move it there")
        try:
            text = read_file(path)
        except FileNotFoundError:
            raise LookupError("there is no such file") from None
        except OSError as exc:
            raise LookupError(str(exc.strerror)) from None
    elif fetch is None:
        raise NetworkError("URLs are not fetched here; save it beside the document")
    else:
        text = fetched(fetch, url)
    if urlsplit(url).path.endswith(_TEXTS):
        return text.decode(errors="replace")
    return read_json_or_yaml(text, duplicates=repeated.setdefault(url, []))


def fetched(fetch: Fetch, url: str) -> bytes:
    """Return the content of a URL; raises `LookupError` with the reason if it cannot be fetched, and `HarnessError`."""
    try:
        return fetch(url)
    except httpx.HTTPStatusError as exc:
        leads = f" and leads to {to}" if (to := exc.response.headers.get("location")) else ""
        refused = exc.response.status_code in BEHIND_A_CREDENTIAL
        kind = UnauthorizedDocumentError if refused else LookupError
        raise kind(f"it was answered with HTTP {exc.response.status_code}{leads}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise LookupError(one_line(exc)) from None
