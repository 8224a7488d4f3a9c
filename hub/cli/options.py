"""Options that several commands have, and how their values are read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hub.operations.errors import BadInput
from hub.workspace.units import parse_duration


class Format(StrEnum):
    """How a result is written."""

    TEXT = "text"
    """For people at a terminal."""
    JSON = "json"
    """One document on standard output, for programs."""


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        help="The workspace's directory; by default this one, or the nearest above that holds config/.",
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=500, help="Rows at most.")]


def parse_since(text: str | None) -> datetime | None:
    """A moment: a date or time in ISO 8601 (without a zone in the local one), or a span before now (`2h`, `3d`)."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _before_now(text)
    return moment if moment.tzinfo else moment.astimezone()


def _before_now(text: str) -> datetime:
    try:
        return datetime.now(UTC) - parse_duration(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is no time: write 2026-03-31, 2026-03-31T14:30 or a span before now, such as 2h or 3d.",
            value=text,
        ) from None


def parse_day(text: str | None) -> date | None:
    """A day in ISO 8601."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no day: write it as 2026-03-31.", value=text) from None


def parse_pairs(texts: list[str] | None) -> dict[str, str]:
    """`kind=value` each."""
    pairs = {}
    for text in texts or ():
        kind, separator, value = text.partition("=")
        if not separator or not kind.strip() or not value.strip():
            raise BadInput(f"{text!r} is no number: write kind=value, such as order=4500001.", value=text)
        pairs[kind.strip()] = value.strip()
    return pairs
