"""Runs the web process of a hub, with its admin API, until its standard input ends.

python serve.py DATABASE_URL PORT
"""

from __future__ import annotations

import os
import sys
import threading

from hub.api.door import make_door
from hub.runtime.web import listen, run_web


def _end_with_standard_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def main(database_url: str, port: str) -> None:
    """Serve."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    run_web(database_url, listen("127.0.0.1", int(port)), make_door)


if __name__ == "__main__":
    main(*sys.argv[1:])
