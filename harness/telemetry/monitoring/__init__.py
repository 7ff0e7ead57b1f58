"""Prometheus and Alertmanager: started by the harness or the team's own, asked over HTTP, and what they proved."""
