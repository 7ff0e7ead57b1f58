"""The checkout of the shop, as Stripe sees it."""

import pytest


@pytest.mark.verifies("workflow.core")
def test_a_payment_for_a_new_customer_waits_for_a_card(api):
    """A customer and a payment are created, and the payment can be read again."""
    customer = api.post("/v1/customers", data={"email": "guest-jane@example.com"}).raise_for_status().json()
    body = {"amount": 1999, "currency": "eur", "customer": customer["id"], "payment_method_types[]": "card"}
    payment = api.post("/v1/payment_intents", data=body).raise_for_status().json()

    found = api.get(f"/v1/payment_intents/{payment['id']}").raise_for_status().json()

    assert (found["amount"], found["customer"], found["status"]) == (1999, customer["id"], "requires_payment_method")
