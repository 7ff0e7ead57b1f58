"""Sends generated and stored requests."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from harness.errors import NotPermittedError
from harness.fuzzing.defects import StoredRequest
from harness.http.provider_client import UNSENDABLE, ProviderClient, SendResult
from harness.openapi.parameter_styles import Serialisation, serialisation_of
from harness.openapi.parameter_writing import in_query

_OF_SCHEME = "x-original-security-type"
"""In the definition of each parameter that Schemathesis makes of a security scheme."""


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
    needed = client.headers_for(stored.method, stored.path)
    known = {name.lower(): (name, value) for name, value in needed.items()}
    secret = (known[name.lower()] for name in stored.secret if name.lower() in known)
    headers = (*stored.headers, *secret)
    return client.send(client.build(stored.method, stored.path, headers, authenticated=False, content=stored.body))


def with_new_key(stored: StoredRequest) -> StoredRequest:
    """Return a stored request with a new idempotency key in place of a UUID: the old one asks for the old answer."""
    headers = tuple(
        (k, str(uuid.uuid4()) if k.lower() == "idempotency-key" and _is_uuid(v) else v) for k, v in stored.headers
    )
    return msgspec.structs.replace(stored, headers=headers)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _request(case: Any, client: ProviderClient) -> httpx.Request:
    # A case whose credential was taken away or corrupted is no longer invalid once it is put back.
    credential = {} if _is_negated(case) else client.headers_for(case.method, case.formatted_path)
    kwargs = case.as_transport_kwargs(base_url=client.base_url.rstrip("/"), headers=credential)
    if credential:
        _leave_out_other_credentials(case, kwargs)
    headers = dict(kwargs.get("headers") or {})
    if cookies := kwargs.get("cookies"):
        headers["Cookie"] = _cookies(case, cookies)
    for name in [n for n in headers if n.lower() == "idempotency-key" and case.meta.generation.mode.is_positive]:
        headers[name] = str(uuid.uuid4())  # a generator repeats simple values; a repeated key is a repeated call
    body = {k: v for k in ("json", "params") if (v := kwargs.get(k)) is not None}
    if files := kwargs.get("files"):
        body["files"] = [(name, _as_part(part)) for name, part in files]
    data = kwargs.get("data")
    if data is not None:
        body["data" if isinstance(data, Mapping) else "content"] = data
    headers.pop("X-Schemathesis-TestCaseId", None)
    url, query = kwargs["url"], body.pop("params", None)
    if query:  # encoded here, as httpx would encode what separates values too
        url = f"{url}{'&' if '?' in url else '?'}{query if isinstance(query, str) else _query(case, query)}"
    request = client.build(kwargs["method"], url, headers, authenticated=False, **body)
    request.read()  # a body of several parts is made while it is sent; what is reported of it needs it whole
    return request


def _leave_out_other_credentials(case: Any, kwargs: dict[str, Any]) -> None:
    """Leave out what was made up for the document's other ways to authenticate, beside the right credential.

    A provider that takes a key from the query or a cookie too may look there first, and refuse it.
    """
    for part, parameters in (("params", case.operation.query), ("cookies", case.operation.cookies)):
        names = {p.definition["name"] for p in parameters if _OF_SCHEME in p.definition}
        if names and isinstance(sent := kwargs.get(part), Mapping):
            kwargs[part] = {name: value for name, value in sent.items() if name not in names}


def _as_part(part: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return one part of a form with its content as text or bytes, where what is generated may be a number."""
    name, content, *kind = part
    return (name, content if isinstance(content, str | bytes) else str(content), *kind)


def _query(case: Any, sent: Mapping[str, Any]) -> str:
    """Return a query, with what Schemathesis does not serialise in the style that the document gives it."""
    own = [(p, v) for p, v in _declared(case.operation.query, sent) if _is_left_to_us(serialisation_of(p), p, v)]
    names = {parameter["name"] for parameter, _ in own}
    others = str(httpx.QueryParams({name: value for name, value in sent.items() if name not in names}))
    return "&".join(filter(None, [others, *(in_query(parameter, value) for parameter, value in own)]))


def _cookies(case: Any, sent: Mapping[str, Any]) -> str:
    """Return the header Cookie, with exploded values as several pairs: Schemathesis joins them with commas."""
    exploded = {p.definition["name"]: p.definition for p in case.operation.cookies if _is_exploded(p.definition)}
    pairs = [(name, part) for name, value in sent.items() for part in _parts(exploded.get(name), value)]
    return "; ".join(part if name in exploded and "=" in part else f"{name}={part}" for name, part in pairs)


def _is_exploded(parameter: Mapping[str, Any]) -> bool:
    kind = parameter["schema"].get("type") if isinstance(parameter.get("schema"), dict) else None
    return kind in ("array", "object") and serialisation_of(parameter).explode


def _parts(parameter: Mapping[str, Any] | None, value: Any) -> list[str]:
    return str(value).split(",") if parameter is not None else [value]


def _declared(parameters: Any, sent: Mapping[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    """Return the declared parameters whose value is a list or an object, with that."""
    found = ((p.definition, sent.get(p.definition.get("name"))) for p in parameters)
    return [(definition, value) for definition, value in found if isinstance(value, list | dict) and value]


def _is_left_to_us(how: Serialisation, parameter: Mapping[str, Any], value: Any) -> bool:
    if "content" in parameter:
        return True
    if how.style == "deepObject":
        return isinstance(value, list)
    return isinstance(value, dict) and how.style in ("spaceDelimited", "pipeDelimited")
