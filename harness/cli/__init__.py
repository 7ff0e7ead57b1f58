"""The subcommands of `harness`. Thin: each parses its words and calls one function."""
