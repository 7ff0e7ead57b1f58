"""For the Schemathesis command: generated writes carry a fresh key.

A generator repeats simple values, and a repeated Idempotency-Key means a repeated call, which the product refuses with
422 when the body is another: rightly, and no defect.
"""

from __future__ import annotations

import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Put a fresh key in place of a generated valid one."""
    headers = case.headers or {}
    if case.meta and case.meta.generation.mode.is_positive:
        for name in [n for n in headers if n.lower() == "idempotency-key"]:
            headers[name] = str(uuid.uuid4())
