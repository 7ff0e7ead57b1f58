"""The contract: the provider's OpenAPI document, and what of it holds."""
