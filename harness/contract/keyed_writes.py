"""Writes that take an idempotency key, called under keys of the harness' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from harness.contract.caller import Caller
from harness.contract.required_inputs import fitting_key, fresh_key, is_valid, key_member
from harness.contract.sample import Sample
from harness.core.idempotency_names import KEY_HEADERS
from harness.openapi.operation import Operation
from harness.openapi.parameters import schema_place
from harness.openapi.spec_document import Spec

_WRITES = frozenset({"POST", "PATCH"})


def key_header(operation: Operation) -> str:
    """Return the name of the header that carries the key, empty where the document names none."""
    return str(_placed(operation)[1].get("name", ""))


def keyed_operations(caller: Caller) -> list[Operation]:
    """Return the writes that take a key, in a header or a member of the body."""
    writes = (o for o in caller.operations.values() if o.method in _WRITES)
    return [o for o in writes if takes_key(caller.spec, o)]


def takes_key(spec: Spec, operation: Operation) -> bool:
    """Whether the document names an idempotency key of an operation, in a header or a member of the body."""
    return bool(key_header(operation) or key_member(spec, operation))


class KeyedWrite(NamedTuple):
    """One write that takes a key, with a call of it that succeeded."""

    caller: Caller
    sample: Sample

    @property
    def label(self) -> str:
        """``METHOD /path/template``."""
        return self.sample.operation.label

    @property
    def path(self) -> str:
        """Where it is called."""
        return self.sample.path

    def key(self) -> str:
        """Return a key that was never used."""
        if key_header(self.sample.operation):
            return fresh_key(self.caller.spec, *_placed(self.sample.operation))
        return fitting_key(self.admits)

    def admits(self, key: str) -> bool:
        """Whether a key of another operation fits the schema of this one."""
        if not key_header(self.sample.operation):
            return is_valid(self.caller.spec, self.sample.operation.body_place, self._under(key, self.sample.body))
        pointer, parameter = _placed(self.sample.operation)
        return is_valid(self.caller.spec, schema_place(pointer, parameter), key)

    def call(self, key: str, body: Any = None) -> Sample:
        """Call it under a key, with the body of the sample unless another is given."""
        sent = self.sample.body if body is None else body
        operation, header = self.sample.operation, key_header(self.sample.operation)
        if header:
            return self.caller.call(operation, self.sample.path, sent, headers={header: key})
        return self.caller.call(operation, self.sample.path, self._under(key, sent), keyed=True)

    def _under(self, key: str, body: Any) -> Any:
        """Return a body with a key in its member."""
        member = key_member(self.caller.spec, self.sample.operation)
        return {**body, member: key} if isinstance(body, dict) else body

    def at_once(self, key: str, bodies: Sequence[Any]) -> list[Sample]:
        """Call it with each body, all at the same time and under one key."""
        with ThreadPoolExecutor(len(bodies), thread_name_prefix="at-once") as pool:
            return list(pool.map(lambda body: self.call(key, body), bodies))

    def at(self, path: str) -> KeyedWrite:
        """Return the same write at another path."""
        return self._replace(sample=msgspec.structs.replace(self.sample, path=path))


def _placed(operation: Operation) -> tuple[str, Mapping[str, Any]]:
    """Return the place of the header that carries the key, and the parameter; nothing where there is none."""
    headers = ((at, p) for at, p in operation.placed_parameters.items() if p.get("in") == "header")
    return next(((at, p) for at, p in headers if p["name"].lower() in KEY_HEADERS), ("", {}))
