"""Webhooks: schemes, events, deliveries, receiver cases as data, and probes of what a delivery did."""
