"""Logs of the hub: structured, with the ids of what they are about."""
