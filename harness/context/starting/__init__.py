"""`harness init`: the first files of a target, made from a few answers."""
