"""`harness doctor`: what would make a gate fail for a boring reason, found in seconds."""
