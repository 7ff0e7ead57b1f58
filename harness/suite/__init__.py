"""The shipped conformance tests, one module per step of the guide: ``pytest --pyargs harness.suite``."""
