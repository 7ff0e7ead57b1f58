"""The OpenAPI document: read, resolved, looked up, and held against requests, responses and events."""
