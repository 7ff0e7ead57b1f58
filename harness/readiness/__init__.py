"""From findings to one verdict: the checklist, its evaluation, and waivers."""
