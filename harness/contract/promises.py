"""Promises as data: each row is tried by one loop."""

from __future__ import annotations

from harness.contract.idempotency import KEYS_KEPT
from harness.contract.link_crawler import LINKS_LEAD
from harness.contract.pages import PAGES_END
from harness.contract.problems import REFUSALS_WORDED
from harness.contract.promise import Promise

PROMISES: tuple[Promise, ...] = (LINKS_LEAD, KEYS_KEPT, PAGES_END, REFUSALS_WORDED)
