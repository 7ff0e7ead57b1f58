"""Security schemes of a document: which of them an operation needs, and whether a credential is of their kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from harness.core.names import first_of
from harness.errors import ConfigurationError, nearest
from harness.model.config import ApiKey, Auth, Basic, Provider
from harness.model.strict import where_is
from harness.openapi.json_document import JsonDocument, items
from harness.openapi.operation import Operation

Scheme = Mapping[str, Any]
_IN_AUTHORIZATION = ("http", "oauth2", "openIdConnect", "basic")
"""Types whose credential is in the header Authorization (OpenAPI 3, Security Scheme Object; 2.0 has ``basic``)."""


def schemes_of(document: JsonDocument) -> dict[str, Scheme]:
    """Return the security schemes that a document describes, by name."""
    named = document.at("/components/securitySchemes") or document.at("/securityDefinitions")
    return {name: document.resolved(scheme) for name, scheme in items(named) if isinstance(scheme, dict)}


def alternatives(security: Collection[Any]) -> Iterator[tuple[str, ...]]:
    """Yield the names that each alternative of a security requirement needs together; without those that need none."""
    for requirement in security:
        if isinstance(requirement, dict) and requirement:
            yield tuple(map(str, requirement))


def chosen(security: Collection[Any], given: Collection[str]) -> tuple[str, ...]:
    """Return the first alternative for all of whose schemes a credential is ``given``; empty where there is none."""
    return next((names for names in alternatives(security) if all(name in given for name in names)), ())


def missing_for(operation: Operation, schemes: Mapping[str, Scheme], given: Collection[str], auth: Auth) -> list[str]:
    """Return the schemes for which a secured operation has no credential; ``auth`` is one for any that it fits."""
    needed = list(alternatives(operation.security))
    fits_usual = any(len(names) == 1 and not unlike(auth, schemes.get(names[0], {})) for names in needed)
    if not (operation.is_secured and needed) or chosen(operation.security, given) or fits_usual:
        return []
    return [name for name in needed[0] if name not in given]


def check_credentials(schemes: Mapping[str, Scheme], credentials: Mapping[str, Auth], *, file: str, spec: str) -> None:
    """Raise `ConfigurationError` for a credential whose name is no scheme of the document, or of another kind.

    ``file`` has the credentials, and ``spec`` the schemes.
    """
    for name, auth in credentials.items():
        key = ("provider", "credentials", name)
        if name not in schemes:
            near = nearest(name, schemes) if schemes else "It describes none."
            raise ConfigurationError(
                f"{file}: {where_is(key)}: {name!r} is no security scheme of {spec}, so nothing takes this "
                f"credential. {near}",
                key=key,
            )
        if how := unlike(auth, schemes[name]):
            raise ConfigurationError(
                f"{file}: {where_is(key)} is sent in the {' '.join(place_of(auth))}, and the scheme {name} of "
                f"{spec} {how}. Write the type and the place that the document has.",
                key=key,
            )


def uncallable(
    operations: Iterable[Operation], schemes: Mapping[str, Scheme], section: Provider, *, file: str
) -> Iterator[str]:
    """Yield, for each scheme without a credential, which of the operations need it, in one line."""
    assert section.auth is not None
    found: dict[str, list[str]] = {}
    for operation in operations:
        for name in missing_for(operation, schemes, section.credentials, section.auth):
            found.setdefault(name, []).append(operation.label)
    for name, needing in found.items():
        number, them = ("1 operation", "it") if len(needing) == 1 else (f"{len(needing)} operations", "them")
        yield (
            f"{file}: {where_is(('provider', 'credentials'))}: no credential for the scheme {name}, so {number} cannot "
            f"be called: {first_of(needing)}. Add [provider.credentials.{name}], or name {them} in [provider] exclude."
        )


def unlike(auth: Auth, scheme: Scheme) -> str:
    """Return how a scheme is sent, in words, where a credential is sent otherwise; empty where they agree."""
    wanted, sent = _place(scheme), place_of(auth)
    if wanted is None:
        return ""
    if wanted != sent:
        return f"is sent in the {' '.join(wanted)}"
    is_basic = "basic" in (scheme.get("type"), str(scheme.get("scheme", "")).lower())
    if scheme.get("type") != "apiKey" and is_basic != isinstance(auth, Basic):
        return "is HTTP basic authentication" if is_basic else "is not HTTP basic authentication"
    return ""


def place_of(auth: Auth) -> tuple[str, str]:
    """Return where a credential is sent: in a header, the query or a cookie, and of which name."""
    if not isinstance(auth, ApiKey):
        return "header", "authorization"
    if auth.query:
        return "query", auth.query
    return ("cookie", auth.cookie) if auth.cookie else ("header", (auth.header or "X-API-Key").lower())


def _place(scheme: Scheme) -> tuple[str, str] | None:
    """Return where the credential of a scheme is sent; None where that is nowhere in a request, or not described."""
    if scheme.get("type") in _IN_AUTHORIZATION:
        return "header", "authorization"
    place, name = scheme.get("in"), scheme.get("name")
    if scheme.get("type") != "apiKey" or not isinstance(place, str) or not isinstance(name, str):
        return None
    return place, name.lower() if place == "header" else name
