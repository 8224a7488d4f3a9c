"""Runs the hub for `order_job` as `crossdock run` does, and measures it from outside."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from order_job_load import SECRET, Load, Sink, Times
from sqlalchemy import func, select

from hub.store import Store, tables

WORKSPACE = Path(__file__).parent / "order_job"
START_SECONDS = 30.0


class Run:
    """One run of the hub on one database, with a broker or, where it is empty, without."""

    def __init__(self, database: str, load: Load, workers: int, broker: str = "") -> None:
        self._database = database
        self._broker = broker
        self._load = load
        self._workers = workers

    def measure(self, suffix: str) -> dict[str, float]:
        """The figures of a run; their names end in `suffix`."""
        sink = Sink()
        port = _free_port()
        with self._hub(port, sink) as process:
            before = _cpu(process)
            times = self._load.run(("127.0.0.1", port), sink)
            settled = self._wait_settled()
            used = {name: value - before.get(name, 0.0) for name, value in _cpu(process).items()}
        self._check(sink)
        return self._figures(times, settled, used, suffix)

    def _figures(self, times: Times, settled: float, used: dict[str, float], suffix: str) -> dict[str, float]:
        count = self._load.count
        acks = sorted(times.acks)
        figures = {
            f"orders_per_s{suffix}": round(count / (settled - times.started), 1),
            f"acks_per_s{suffix}": round(count / (times.acknowledged - times.started), 1),
            f"ack_p50_ms{suffix}": round(statistics.median(acks) * 1000, 2),
            f"ack_p99_ms{suffix}": round(acks[int(len(acks) * 0.99)] * 1000, 2),
        }
        for name, seconds in used.items():
            figures[f"{name}_cpu_ms_per_order{suffix}"] = round(seconds / count * 1000, 3)
        for name, value in figures.items():
            print(f"{name:45} {value:>12,.3f}")
        return figures

    @contextmanager
    def _hub(self, port: int, sink: Sink) -> Iterator[psutil.Process]:
        environment = {
            **os.environ,
            "BENCH_DATABASE": self._database,
            "BENCH_BROKER": self._broker,
            "BENCH_LISTEN": f"127.0.0.1:{port}",
            "BENCH_SINK": sink.url,
            "BENCH_SECRET": SECRET,
            "BENCH_WORKERS": str(self._workers),
        }
        command = [sys.executable, "-m", "hub.cli", "run", "--workspace", str(WORKSPACE)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as child:
            try:
                _wait_ready(port)
                yield psutil.Process(child.pid)
            finally:
                child.send_signal(signal.SIGTERM)

    def _wait_settled(self) -> float:
        store = Store(self._database)
        statement = select(func.count()).select_from(tables.delivery).where(tables.delivery.c.state == "delivered")
        while True:
            with store.read() as connection:
                if connection.execute(statement).scalar_one() >= self._load.count:
                    store.close()
                    return time.perf_counter()
            time.sleep(0.01)

    def _check(self, sink: Sink) -> None:
        twice = [key for key, count in sink.effects.items() if count != 1]
        if twice or len(sink.effects) != self._load.count:
            raise SystemExit(f"{len(sink.effects)} of {self._load.count} orders arrived, {len(twice)} more than once")


def _cpu(process: psutil.Process) -> dict[str, float]:
    """CPU seconds by role: what the web process used, and all workers together."""
    used = {"web": 0.0, "workers": 0.0}
    for child in process.children(recursive=True):
        role = _role(child)
        if role is not None:
            times = child.cpu_times()
            used[role] += times.user + times.system
    return used


def _role(child: psutil.Process) -> str | None:
    try:
        if child.net_connections(kind="tcp") and any(c.status == "LISTEN" for c in child.net_connections(kind="tcp")):
            return "web"
        return "workers" if "spawn_main" in " ".join(child.cmdline()) else None
    except psutil.Error:
        return None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _wait_ready(port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise SystemExit(f"the hub was not ready within {START_SECONDS:.0f} s")
