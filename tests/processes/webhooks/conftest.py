"""Fixtures of the unit tests of webhooks, for those that start processes as well."""

from tests.unit.webhooks.conftest import listen, serve, under  # noqa: F401 - fixtures
from tests.unit.webhooks.test_delivery_run import event, receiver, secret, to  # noqa: F401
