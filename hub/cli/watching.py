"""`crossdock run --watch`: what came of each change of the directory, a line each."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pydantic_core import to_json

from hub.cli.options import Format
from hub.contract.clock import SystemClock
from hub.operations.configuration.activating import Applied
from hub.operations.configuration.watching import Refused, Watch
from hub.operations.previews import escape
from hub.workspace import Workspace
from hub.workspace.versions import short_version

_NAMED = 3
"""Files that are named in a line."""


@contextmanager
def watching(root: Path, started: Workspace, database_url: str, *, actor: str, form: Format) -> Iterator[None]:
    """Watch the directory in a thread while the block lasts; what is being applied at its end is finished."""
    tell = partial(_tell, form)
    watch = Watch(root, started.version, actor=actor, clock=SystemClock(), tell=tell)
    thread = threading.Thread(target=watch.run, args=(database_url,), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.stop()
        thread.join()


def _tell(form: Format, found: Applied | Refused) -> None:
    text = to_json({_word(found): found}).decode() if form is Format.JSON else "\n".join(words_of(found))
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _word(found: Applied | Refused) -> str:
    return "applied" if isinstance(found, Applied) else "refused"


def words_of(found: Applied | Refused) -> Iterator[str]:
    """What came of a change, in words: one line, and for what was refused the problems as `check` prints them."""
    if isinstance(found, Refused):
        count = len(found.problems)
        yield f"refused: {count} problem{'' if count == 1 else 's'}"
        yield from (escape(problem) for problem in found.problems)
        return
    if found.version == found.before:
        yield f"{short_version(found.version)} is active already"
        return
    named = ", ".join(found.files[:_NAMED])
    more = f" and {len(found.files) - _NAMED} more" if len(found.files) > _NAMED else ""
    restart = f"; start the hub again for {', '.join(found.restart)}" if found.restart else ""
    yield escape(f"applied {short_version(found.version)} ({named}{more}){restart}")
