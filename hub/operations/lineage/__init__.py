"""Lineage: where each field of a document, or of what was sent, came from."""
