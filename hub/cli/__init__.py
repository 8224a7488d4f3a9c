"""The command line, `crossdock`: nouns, then what to do with them."""

from __future__ import annotations


def main() -> None:
    """The entry point."""
    from hub.cli.app import app  # noqa: PLC0415 - nothing is imported before it is needed

    app(prog_name="crossdock")
