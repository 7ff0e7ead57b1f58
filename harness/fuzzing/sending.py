"""Sends generated and stored requests."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from harness.errors import NotPermittedError
from harness.fuzzing.defects import StoredRequest
from harness.http.provider_client import UNSENDABLE, ProviderClient, SendResult


def send_case(case: Any, client: ProviderClient) -> SendResult | None:
    """Send one generated case; None when HTTP cannot carry it, or it is not permitted."""
    if client.guard is not None and client.guard.spares_credentials and _is_negated(case):
        return None  # auth.rejects needs the few requests with a wrong credential that there are
    try:
        return client.send(_request(case, client))
    except (*UNSENDABLE, NotPermittedError):
        return None


def _is_negated(case: Any) -> bool:
    """Whether the case's credential was taken away or corrupted."""
    return bool(case.operation.schema.is_security_param_negated(case))


def send_stored(stored: StoredRequest, client: ProviderClient) -> SendResult:
    """Send a stored request, authenticated if it was."""
    known = {name.lower(): value for name, value in client.headers.items()}
    secret = ((name, known[name.lower()]) for name in stored.secret if name.lower() in known)
    headers = (*stored.headers, *secret)
    return client.send(client.build(stored.method, stored.path, headers, authenticated=False, content=stored.body))


def _request(case: Any, client: ProviderClient) -> httpx.Request:
    # A case whose credential was taken away or corrupted is no longer invalid once it is put back.
    credential = {} if _is_negated(case) else dict(client.headers)
    kwargs = case.as_transport_kwargs(base_url=client.base_url.rstrip("/"), headers=credential)
    headers = dict(kwargs.get("headers") or {})
    if cookies := kwargs.get("cookies"):
        headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
    for name in [n for n in headers if n.lower() == "idempotency-key" and case.meta.generation.mode.is_positive]:
        headers[name] = str(uuid.uuid4())  # a generator repeats simple values; a repeated key is a repeated call
    body = {k: v for k in ("json", "files", "params") if (v := kwargs.get(k)) is not None}
    data = kwargs.get("data")
    if data is not None:
        body["data" if isinstance(data, Mapping) else "content"] = data
    headers.pop("X-Schemathesis-TestCaseId", None)
    url = kwargs["url"]
    if isinstance(body.get("params"), str):  # encoded already: httpx would encode what separates values too
        query = body.pop("params")
        url = f"{url}{'&' if '?' in url else '?'}{query}" if query else url
    request = client.build(kwargs["method"], url, headers, authenticated=False, **body)
    request.read()  # a body of several parts is made while it is sent; what is reported of it needs it whole
    return request
