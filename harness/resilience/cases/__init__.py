"""Client cases as data, one module for each item of the checklist."""
