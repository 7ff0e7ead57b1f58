"""What a vendor's own library does is a note about a receiver that does the same."""

from __future__ import annotations

import pytest

from harness.http.client import Network
from harness.http.wire import Wire
from harness.model import Event, Outcome
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import case_named
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, scheme_named
from harness.webhooks.schemes.own_libraries import OWN_LIBRARIES

from .conftest import PATIENCE_S, Effects, Serve, reply

STRIPE = scheme_named("stripe")
EVENT = Event(name="e", type="t", id="evt_1", body=b'{"id": "evt_1", "type": "t"}')


@pytest.mark.parametrize(
    "case_id, status, note",
    [
        ("timestamp-nan", 200, "as stripe for Node does, which no user of that library can change"),
        ("timestamp-nan", 500, ""),  # an exception, which its user can catch
        ("wrong-secret", 200, ""),
    ],
)
def test_what_the_vendors_library_accepts_is_a_note(case_id: str, status: int, note: str, serve: Serve) -> None:
    """Only where the receiver accepts it: it then does what its library does."""
    case = case_named(case_id)
    assert case is not None
    url = serve(lambda request, _: reply(status if "NaN" in (request.headers["stripe-signature"] or "") else 200))
    receiver = ReceiverUnderTest(
        Wire(url, check=Network([url]).check, timeout_s=PATIENCE_S),
        format=EventFormat(scheme=STRIPE),
        secret=STRIPE.new_secret,
        probe=Effects(),  # type: ignore[arg-type]  # as much of a probe as is asked
        settle_s=0.1,
    )
    finding = judge(receiver, case, EVENT, reproduce="")[-1]

    assert finding.note == note
    assert finding.outcome is Outcome.FAIL


def test_every_row_names_schemes_and_cases_that_exist() -> None:
    """A row of a case that was renamed would excuse nothing."""
    assert {each.scheme for each in OWN_LIBRARIES} <= {s.name for s in SCHEMES}
    assert [case_id for each in OWN_LIBRARIES for case_id in each.fails if case_named(case_id) is None] == []
