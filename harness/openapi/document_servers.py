"""The servers that a document names (OpenAPI 3, Server Object; 2.0: ``host``, ``basePath`` and ``schemes``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

from harness.openapi.json_document import items

_WHOLE = ("http", "https")


def server_urls(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the URL of each server as the document writes it, with the defaults of its variables."""
    servers = document.get("servers")
    for server in servers if isinstance(servers, list) else ():
        url = str(server.get("url", "")) if isinstance(server, dict) else ""
        for name, variable in items(server.get("variables")) if isinstance(server, dict) else ():
            if isinstance(variable, dict):
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        yield url
    yield from _of_version_2(document)


def _of_version_2(document: Mapping[str, Any]) -> Iterator[str]:
    host, path, schemes = (document.get(key) for key in ("host", "basePath", "schemes"))
    below = f"/{path.lstrip('/')}" if isinstance(path, str) else ""
    if isinstance(host, str):
        named = [f"{scheme}:" for scheme in schemes if scheme in _WHOLE] if isinstance(schemes, list) else []
        yield from (f"{scheme}//{host}{below}" for scheme in named or [""])
    elif below:
        yield below


def first_server(document: Mapping[str, Any], source: str) -> str:
    """Return the whole URL of the first server that has one; empty for none.

    ``source`` is where the document was read, a path or a URL: what it leaves out of a server's URL, that of the
    document has (OpenAPI 3.1 section 4.8.5, and 2.0 section "Swagger Object").
    """
    read_at = source if source.startswith(tuple(f"{scheme}://" for scheme in _WHOLE)) else "https:"
    for url in [*server_urls(document), "/"]:
        with suppress(ValueError):  # no URL
            whole = urlsplit(urljoin(read_at, url))
            if whole.scheme in _WHOLE and whole.netloc and "{" not in whole.netloc + whole.path:
                return whole.geturl().rstrip("/")
    return ""
