"""Telemetry: what the integration shows of itself."""
