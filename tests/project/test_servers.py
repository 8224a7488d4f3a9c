"""The servers that tests get: what they promise, and that nothing of them stays behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import asyncssh
import psutil
import pytest
import redis
from sqlalchemy import create_engine, inspect, text

from tests.servers.held import ServerEnded, held, held_at_port, new_folder
from tests.servers.postgresql import PostgreSQL
from tests.servers.ssh import SshServer

ROOT = Path(__file__).resolve().parents[2]
SERVE = "import http.server,sys; http.server.test(bind='127.0.0.1', port=int(sys.argv[1]))"
"""A server that announces itself as `Serving HTTP`."""


def until(holds: Callable[[], bool], *, within: float = 30) -> bool:
    """Whether it comes to hold in so many seconds."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_database_starts_empty_and_keeps_what_is_written(database_url: str) -> None:
    engine = create_engine(database_url)
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (body TEXT)"))
        connection.execute(text("INSERT INTO note VALUES ('kept')"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT body FROM note")).scalar_one() == "kept"
    engine.dispose()


def test_a_database_copies_its_template(postgresql: PostgreSQL) -> None:
    template = postgresql.create()
    engine = create_engine(template)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (body TEXT)"))
    engine.dispose()

    copy = create_engine(postgresql.create(template=engine.url.database or ""))
    assert inspect(copy).get_table_names() == ["note"]

    copy.dispose()
    postgresql.drop(copy.url.render_as_string())
    postgresql.drop(template)


def test_redis_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_redis_is_emptied_between_tests(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("left") is None


async def test_files_travel_through_openssh(sshd: SshServer) -> None:
    known = asyncssh.import_known_hosts(f"[{sshd.host}]:{sshd.port} {sshd.host_key}")
    key = asyncssh.import_private_key(sshd.private_key)
    async with (
        asyncssh.connect(sshd.host, sshd.port, username=sshd.user, client_keys=[key], known_hosts=known) as session,
        session.start_sftp_client() as files,
        files.open("order.xml", "wb") as remote,
    ):
        await remote.write(b"<order/>")
    assert (sshd.files / "order.xml").read_bytes() == b"<order/>"


@pytest.mark.usefixtures("sshd", "redis_url", "postgresql_url")
def test_servers_listen_on_loopback_only() -> None:
    family = psutil.Process().children(recursive=True)
    listening = [at for process in family for at in process.net_connections("inet") if at.status == "LISTEN"]
    assert len(listening) == 2, "Redis and sshd; PostgreSQL has a Unix socket"
    assert {at.laddr.ip for at in listening} == {"127.0.0.1"}


def test_a_server_ends_with_its_block_and_leaves_nothing() -> None:
    with held_at_port(
        "web", lambda _, port: [sys.executable, "-uc", SERVE, str(port)], announces="Serving"
    ) as held_web:
        folder, port = held_web
        with socket.create_connection(("127.0.0.1", port)):
            pass
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_server_that_cannot_start_says_why() -> None:
    folder = new_folder("broken")
    command = [sys.executable, "-c", "import sys; sys.exit('no such option: --frobnicate')"]
    with pytest.raises(ServerEnded, match="no such option: --frobnicate"), held(folder, command, announces="ready"):
        pytest.fail("It never answered.")
    assert not folder.exists()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_servers_end_with_their_owner_however_it_ends(tmp_path: Path, end: signal.Signals) -> None:
    script = tmp_path / "owner.py"
    script.write_text(
        textwrap.dedent(f"""
        import signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
        from tests.servers.held import held_at_port
        command = lambda _, port: [sys.executable, "-uc", {SERVE!r}, str(port)]
        with held_at_port("web", command, announces="Serving") as (folder, port):
            print(folder, port, flush=True)
            signal.pause()
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    owner = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert owner.stdout is not None
    with owner.stdout as said:
        folder, port = said.readline().split()
    owner.send_signal(end)
    owner.wait(timeout=30)

    assert until(lambda: not Path(folder.decode()).exists())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))
