"""Connections: how each stands, and what a person does about it."""
