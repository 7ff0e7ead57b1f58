"""What plugins and commands share: harness.toml and a run, composed into a target with its parts. No pytest in it."""
