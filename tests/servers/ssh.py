"""OpenSSH's server for tests: files over SFTP as a trading partner offers them."""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from tests.servers.held import held_at_port, missing

_CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp -d {folder}/files
"""


@dataclass(frozen=True)
class SshServer:
    """A running sshd. A session starts in `files`; `private_key` is PEM text, `host_key` the public key's line."""

    host: str
    port: int
    user: str
    private_key: str
    host_key: str
    files: Path


@pytest.fixture(scope="session")
def sshd() -> Iterator[SshServer]:
    """OpenSSH's server on loopback with a host key of its own; the current user signs in by key."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("OpenSSH's server", "install the package openssh-server.")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # root's sshd refuses to start without it
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))

    def command(folder: Path, port: int) -> Sequence[str]:
        host_key.write_private_key(folder / "host_key")
        (folder / "host_key").chmod(0o600)
        user_key.write_public_key(folder / "authorized_keys")
        (folder / "files").mkdir()
        (folder / "sshd_config").write_text(_CONFIGURATION.format(port=port, folder=folder))
        return [str(program), "-D", "-e", "-f", str(folder / "sshd_config")]

    with held_at_port("sshd", command, announces="Server listening on 127.0.0.1") as (folder, port):
        yield SshServer(
            host="127.0.0.1",
            port=port,
            user=getpass.getuser(),
            private_key=user_key.export_private_key().decode(),
            host_key=host_key.export_public_key().decode().strip(),
            files=folder / "files",
        )
