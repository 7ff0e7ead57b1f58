"""Events generated from the document's webhooks, and what comes of them."""
