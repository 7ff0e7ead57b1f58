"""Secrets: the only room that knows their values. It resolves references, redacts, and searches for leaks."""

from harness.secrets.issued_secret import IssuedSecret, IssuedTokens
from harness.secrets.scan import Leak, Leaks, Scanner
from harness.secrets.values import Secret, Vault

__all__ = ["IssuedSecret", "IssuedTokens", "Leak", "Leaks", "Scanner", "Secret", "Vault"]
