"""The provider's own webhooks: registered, caught and judged."""
