"""What all tests share: real servers, kept samples, and the rule about skipped tests.

A test that needs a part which is not on this machine is skipped and names the part. With
`CROSSDOCK_REQUIRE_ALL=1`, as on the build server, such a skip is a failure; only tests that
need the samples of CROSSDOCK_SAMPLES (by the fixture or the marker `samples`) may be skipped there.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.held import REQUIRE_ALL

pytest_plugins = ["tests.servers.postgresql", "tests.servers.redis", "tests.servers.ssh"]

# How long a property takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("crossdock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("crossdock")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of payloads recorded from real systems, which are not ours to ship."""
    folder = os.environ.get("CROSSDOCK_SAMPLES")
    if not folder:
        pytest.skip("no samples: CROSSDOCK_SAMPLES names no folder")
    return Path(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every part is required, a skipped test fails."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and not _needs_samples(item):
        _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Where every part is required, a module that skips itself fails."""
    report = yield
    if report.skipped:
        _refuse(report)
    return report


def _needs_samples(item: pytest.Item) -> bool:
    return "samples" in getattr(item, "fixturenames", ()) or item.get_closest_marker("samples") is not None


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    if REQUIRE_ALL:
        report.outcome = "failed"
        report.longrepr = f"Skipped, while CROSSDOCK_REQUIRE_ALL=1 requires every part: {report.longrepr}"
