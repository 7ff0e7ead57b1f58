"""How tests try a property: the same examples in every run, and as long as a busy machine takes."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

steadily = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
