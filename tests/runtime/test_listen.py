"""The port of a hub: taken by another program, or by a hub that is about to be gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from hub.contract.errors import ConfigError
from hub.runtime.web import listen


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_port_that_another_program_keeps_is_told_with_what_to_do(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port}.*config/hub\.yaml"):
        listen("127.0.0.1", port, within=0)


def test_a_port_that_becomes_free_is_waited_for(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    threading.Timer(0.2, taken.close).start()
    with listen("127.0.0.1", port, within=30) as listener:
        assert listener.getsockname()[1] == port
