"""Which scheme signed a captured delivery, found from the delivery and its secret."""
