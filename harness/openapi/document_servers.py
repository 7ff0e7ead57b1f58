"""The servers that a document names (OpenAPI 3, Server Object; 2.0: ``host`` and ``basePath``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def server_urls(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the URL of each server as the document writes it, with the defaults of its variables."""
    servers = document.get("servers")
    for server in servers if isinstance(servers, list) else ():
        url = str(server.get("url", "")) if isinstance(server, dict) else ""
        variables = server.get("variables") if isinstance(server, dict) else None
        for name, variable in variables.items() if isinstance(variables, dict) else ():
            if isinstance(variable, dict):
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        yield url
