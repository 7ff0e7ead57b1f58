"""What is known of vendors' webhooks and APIs, as data: one folder for each, with `pack.toml` and its events."""
