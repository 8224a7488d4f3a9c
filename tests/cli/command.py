"""Runs command lines of `crossdock`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import structlog
from typer.testing import CliRunner

from hub.cli.app import app


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said where."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stands on standard output, which must be one JSON document."""
        return json.loads(self.out)


async def crossdock(*words: str) -> Ran:
    """Run a command line."""
    result = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    structlog.reset_defaults()  # logs went to the runner's standard error, which is closed by now
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)
