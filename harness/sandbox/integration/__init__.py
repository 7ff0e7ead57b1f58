"""The reference integration: a client of the Product API and a receiver of its webhooks."""
