"""Findings as text, as JSON and as SARIF."""
