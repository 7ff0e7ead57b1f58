"""Whether ``[provider] base_url`` leads to the paths of the document: where its own path is wrong, all answer 404."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from harness.contract.credentials import ACCEPTS
from harness.errors import NotPermittedError
from harness.http.provider_client import ProviderClient
from harness.model import Check, Finding, Outcome
from harness.openapi.document_servers import server_urls
from harness.openapi.permission import UNKNOWN_PATH
from harness.openapi.spec_document import Spec

MOST_TRIED = 3
"""Operations that are read below each path that the base URL might have."""
BASE_PATH = Check(
    id="base-path",
    item=ACCEPTS,
    summary="the path of the base URL",
    passed="The base URL leads to the operations of the spec",
    failed="The base URL does not lead to the operations of the spec",
    expected="another answer than HTTP 404",
    source="OpenAPI Specification 3.1.1, Server Object",
    fix="Write the base URL that the finding names.",
)


def wrong_base_path(spec: Spec, client: ProviderClient, labels: Collection[str] | None = None) -> str:
    """Return what is wrong with the path of the base URL, with the URL to write; empty where nothing is known to be.

    Reads, with the right credential, a few operations that need no parameter; where none may be read, some with made-up
    ones. Only where all answer 404, and another path of the same server answers otherwise, and not so to any path, is
    the base URL known to be wrong. ``labels`` are the operations that may be read, by default all; ``client`` asks no
    guard, which knows no operation below another path.
    """
    paths = _readable(spec, labels)
    statuses = [_status(client, client.base_url, path) for path in paths]
    if not statuses or set(statuses) != {404}:
        return ""
    for url in _other_urls(spec, client.base_url):
        if _status(client, url, UNKNOWN_PATH) != 404:
            continue  # such as the page of an application, at each path
        for path in paths:
            status = _status(client, url, path)
            if status not in (404, None):
                return (
                    f"[provider] base_url is {client.base_url}, where GET {', '.join(paths)} answered 404; at {url}, "
                    f"GET {path} answered {status}. Write base_url = {url!r}."
                )
    return ""


def _readable(spec: Spec, labels: Collection[str] | None) -> list[str]:
    """Return the paths of a few operations that may be read, with made-up parameters where none is without."""
    found = [o for o in spec.operations if o.method == "GET" and (labels is None or o.label in labels)]
    return [o.made_up_path for o in sorted(found, key=lambda o: "{" in o.path)][:MOST_TRIED]


def judge_base_path(fault: str) -> Finding:
    """Return the finding of what `wrong_base_path` returned."""
    return BASE_PATH.finding(Outcome.FAIL, fault).named(ACCEPTS, BASE_PATH.id, "wrong")


def _status(client: ProviderClient, base_url: str, path: str) -> int | None:
    """Return the status of a GET; None where it may not be sent or is not answered."""
    try:
        result = client.send(client.build("GET", base_url.rstrip("/") + path))
    except NotPermittedError:
        return None
    return result.last.status_code if result.last is not None else None


def _other_urls(spec: Spec, base_url: str) -> Iterator[str]:
    """Yield the URLs of the same server that the document suggests, and that without its last segment.

    A document names servers, and a server that hosts one has it beside its operations.
    """
    own, read_at = urlsplit(base_url), urlsplit(spec.source)
    above = own.path.rstrip("/").rpartition("/")[0]
    beside = [read_at.path.rpartition("/")[0]] if read_at[:2] == own[:2] else []
    for path in dict.fromkeys([*_server_paths(spec), *beside, above, ""]):
        if path.rstrip("/") != own.path.rstrip("/"):
            yield own._replace(path=path.rstrip("/"), query="", fragment="").geturl()


def _server_paths(spec: Spec) -> Iterator[str]:
    """Yield the paths of the document's servers, with the defaults of their variables."""
    for url in server_urls(spec.raw):
        path = urlsplit(url).path if "{" not in url else ""
        if path.startswith("/"):
            yield path
