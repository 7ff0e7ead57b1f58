"""Reads that need nothing but the credential, those first that a provider is most likely to serve."""

from __future__ import annotations

from harness.contract.caller import Caller
from harness.contract.resource_kinds import ResourceKind, kinds
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec


def central_kinds(spec: Spec) -> list[ResourceKind]:
    """Return the kinds of resources, those first below which the document has most operations."""

    def below(kind: ResourceKind) -> int:
        return sum(operation.path.startswith(f"{kind.creation.path.rstrip('/')}/") for operation in spec.operations)

    caller = Caller(spec, ProviderClient(Network(), "http://127.0.0.1", {}))  # which sends nothing here
    return sorted(kinds(caller), key=below, reverse=True)


def likely_reads(spec: Spec) -> list[Operation]:
    """Return each GET without a required parameter: listings of resources, then what needs a credential, then others.

    A document may also describe what this server, this account or this stand-in of a vendor does not have.
    """
    listings = [listing for kind in central_kinds(spec) for listing in kind.listings]
    others = sorted(spec.readable, key=lambda operation: not operation.is_secured)
    found = {operation.label: operation for operation in (*listings, *others) if operation.method == "GET"}
    return [o for o in found.values() if "{" not in o.path and not any(each.get("required") for each in o.parameters)]
