"""Values that documented links take from the exchange that they follow (OpenAPI 3.1, Runtime Expressions)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.contract.sample import Sample
from harness.core.pointers import mapped, resolve
from harness.openapi.routes import values_in

_EXPRESSION = re.compile(r"\$(?:response|request)\.(?:body(?:#[^}\s]*)?|(?:header|path|query)\.[^}\s]+)")


class UnresolvedError(Exception):
    """A runtime expression names what the exchange does not have."""


def evaluated(value: Any, sample: Sample) -> Any:
    """Return a value with the runtime expressions within it replaced; raises `UnresolvedError`."""

    def replaced(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        if _EXPRESSION.fullmatch(text):
            return _evaluated_expression(text, sample)
        return re.sub(r"\{(\$[^}]+)\}", lambda m: str(_evaluated_expression(m[1], sample)), text)

    return mapped(value, replaced)


def _evaluated_expression(expression: str, sample: Sample) -> Any:
    """Return what one runtime expression names; raises `UnresolvedError`."""
    source, _, rest = expression.removeprefix("$").partition(".")
    kind, _, name = rest.partition(".")
    try:
        if rest.startswith("body"):
            return resolve(sample.document if source == "response" else sample.body, rest.partition("#")[2])
        if kind == "header":
            message = sample.response if source == "response" else sample.response.request
            return message.headers[name]
        if kind == "query":
            return sample.response.request.url.params[name]
        return _path_parameters(sample)[name]
    except LookupError:
        raise UnresolvedError(expression) from None


def _path_parameters(sample: Sample) -> dict[str, str]:
    found = values_in(sample.operation.path, urlsplit(sample.path).path, sample.operation.spanning)
    return {name: unquote(value) for name, value in found.items()}
