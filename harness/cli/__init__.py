"""The subcommands of `harness`. Each parses its arguments and calls one function."""
