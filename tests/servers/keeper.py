"""Keeps one server running for whoever started this script, and not a moment longer.

    python keeper.py SIGNAL FOLDER COMMAND…

Runs the command with its output in `FOLDER/log` until standard input ends, which happens when
its owner closes it or dies, however it dies. Then the server gets SIGNAL (a name, `SIGTERM`)
and the folder is removed. A server that ends by itself ends the keeper with exit code 1 and
leaves the folder, so that the owner can read why.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

PATIENCE = 20.0
"""Seconds a server has to stop before it is killed."""


def main(signal_name: str, folder: str, *command: str) -> int:
    """Hold the server; returns the exit code."""
    with (Path(folder) / "log").open("ab") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    released = threading.Event()
    threading.Thread(target=_leave_with, args=(server, released), daemon=True).start()
    sys.stdin.buffer.read()
    released.set()
    server.send_signal(signal.Signals[signal_name])
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(folder)
    return 0


def _leave_with(server: subprocess.Popen[bytes], released: threading.Event) -> None:
    server.wait()
    if not released.is_set():
        os._exit(1)  # the main thread waits for standard input, which nothing else would end


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
