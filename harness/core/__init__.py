"""What every room needs and nobody should write twice: pointers, YAML, dates, files, curl lines."""
