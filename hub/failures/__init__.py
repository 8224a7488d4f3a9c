"""Failures: what one is called, which belong together, and when to try again."""
