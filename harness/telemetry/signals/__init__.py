"""What shows a fault: log lines, series, spans and alerts of one fault's window that good traffic did not have."""
