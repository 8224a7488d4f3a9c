"""Failures: what stopped, why, what would help, and how it goes on."""
