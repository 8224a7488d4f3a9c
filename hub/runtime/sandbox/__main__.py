"""A sandbox as a process of its own: `python -m hub.runtime.sandbox`.

Reads its setup as one line of JSON (`Setup`) from standard input, prints one line of JSON once
everything listens, `{"url": <control API>}` or `{"error": <message>}`, and runs until SIGTERM,
SIGINT or the end of its standard input: it does not outlive whoever holds the other end.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import TextIO

from pydantic import ValidationError

from hub.contract.errors import CrossdockError
from hub.runtime.sandbox.counterpart import Setup
from hub.runtime.sandbox.host import hosted


async def _run(setup: Setup, parent: TextIO) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    # A thread would keep the process from ending after a signal; the loop can wait for a pipe itself.
    loop.add_reader(sys.stdin.fileno(), _drain_stdin, done)
    async with hosted(setup) as url:
        _tell(parent, {"url": url})
        await done.wait()


def _drain_stdin(done: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 65536):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        done.set()


def _parent() -> TextIO:
    """Standard output, for the one line alone: whatever else is printed goes to standard error."""
    parent = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return parent


def _tell(parent: TextIO, line: dict[str, str]) -> None:
    with parent:
        parent.write(json.dumps(line) + "\n")


def main() -> int:
    """Run a sandbox; 0 at its end, 2 if it cannot start."""
    parent = _parent()
    try:
        asyncio.run(_run(Setup.model_validate_json(sys.stdin.buffer.readline()), parent))
    except (ValidationError, CrossdockError, OSError) as error:
        if parent.closed:
            raise
        _tell(parent, {"error": str(error)})
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
