"""Other formats than cassettes: HTTP archives and reports of Schemathesis."""
