"""Grafana dashboards: their panels, variables and annotations, and whether each query shows something."""
