"""What is held against a recording: its age, its use, secrets in it, the provider of today."""
