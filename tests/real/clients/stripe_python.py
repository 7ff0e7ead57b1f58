# mypy: ignore-errors
"""Stripe's SDK as its README shows it: a customer, a payment, and a look at that."""

from __future__ import annotations

import os

import stripe

client = stripe.StripeClient(
    os.environ["KEY"],
    base_addresses={"api": os.environ["BASE_URL"]},
    max_network_retries=2,
    http_client=stripe.RequestsClient(timeout=2),
)
customer = client.v1.customers.create(params={"email": "guest@example.com"})
payment = client.v1.payment_intents.create(params={"amount": 1999, "currency": "eur", "customer": customer.id})
found = client.v1.payment_intents.retrieve(payment.id)
assert found.amount == 1999
