"""Names and shapes by which a value is taken for a secret: one list."""
