"""The exercise: good traffic, then each fault in turn, while logs, metrics, spans and alerts are watched."""
