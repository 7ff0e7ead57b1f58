"""Fixtures of the unit tests, for those that start processes as well."""

from tests.unit.conftest import serve  # noqa: F401 - a fixture
