"""Counterparts of the transports: real sockets, real SFTP servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.transports.sftp import SftpSettings, SftpTransport
from tests.servers.ssh import SshServer
from tests.transports.raw_server import RawServer, running
from tests.transports.sftp_server import FaultyServer


@pytest.fixture
async def raw_server() -> AsyncIterator[RawServer]:
    async with running() as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    """An SFTP server that fails on request."""
    root = tmp_path / "root"
    root.mkdir()
    with FaultyServer(root).running() as running_server:
        yield running_server


@pytest.fixture
def transport(server: FaultyServer) -> Iterator[SftpTransport]:
    """A transport of the faulty server."""
    opened = SftpTransport(server.settings())
    yield opened
    opened.close()


@dataclass
class Remote:
    """A transport, and a directory of its own there: as a path of the session, and as the server's disk has it."""

    transport: SftpTransport
    base: str
    root: Path

    def path(self, name: str) -> str:
        """The path of a name in the directory."""
        return f"{self.base}/{name}"


@pytest.fixture(params=["asyncssh", "openssh"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    """A transport of each kind of server there is."""
    if request.param == "asyncssh":
        faulty: FaultyServer = request.getfixturevalue("server")
        settings, start = faulty.settings(), faulty.root
    else:
        sshd: SshServer = request.getfixturevalue("sshd")
        start = sshd.files
        settings = SftpSettings(
            host=sshd.host, port=sshd.port, user=sshd.user, private_key=sshd.private_key, host_key=sshd.host_key
        )
    (start / tmp_path.name).mkdir()
    opened = SftpTransport(settings)
    yield Remote(opened, tmp_path.name, start / tmp_path.name)
    opened.close()
