"""The names of Schemathesis that its published reference does not promise: the only module that imports them.

A test names each that a new version moved, also those of objects, which `METHODS` lists.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.errors import NoLinksFound, SchemathesisError
from schemathesis.generation.jsonschema.builder import build
from schemathesis.openapi.checks import MissingContentType, UndefinedContentType
from schemathesis.specs.openapi.checks import ignored_auth
from schemathesis.specs.openapi.formats import get_default_format_strategies
from schemathesis.specs.openapi.warnings import detect_unresolvable_references

__all__ = [
    "METHODS",
    "NOT_SET",
    "Failure",
    "FailureGroup",
    "MissingContentType",
    "NoLinksFound",
    "SchemathesisError",
    "UndefinedContentType",
    "build",
    "detect_unresolvable_references",
    "get_default_format_strategies",
    "ignored_auth",
]

METHODS: Mapping[str, tuple[str, ...]] = {
    "schemathesis.config:ProjectConfig": ("generation_for",),
    "schemathesis.generation.case:Case": ("validate_response",),
    "schemathesis.schemas:APIOperation": ("as_strategy", "get_strategies_from_examples"),
    "schemathesis.specs.openapi.schemas:OpenApiSchema": ("as_state_machine", "include", "iter_coverage_cases"),
}
"""By class, the methods that are called on its objects."""
