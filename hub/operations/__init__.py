"""What a person can do with a hub, once, for all edges: the command line, the API, the console.

Functions over a `Store` (and a `Workspace` where the configuration matters) that return plain
dataclasses; times are aware datetimes in UTC. Nothing here prints.
"""
