"""Alert rules and the routes of alerts, as files: read, judged without a server, and scaled for a short exercise."""
