"""Known secrets and secret-looking values taken out of requests, responses and text."""
