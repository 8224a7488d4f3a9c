"""On the build server nothing is skipped unnoticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REASON = "the moon is not here"


def run(folder: Path, source: str, *, require_all: bool) -> str:
    """What pytest says of a module of tests under this project's conftest."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "conftest.py")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -ra\nmarkers =\n    samples\n")
    (folder / "test_it.py").write_text(f"import pytest\n\n{source}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CROSSDOCK_REQUIRE_ALL": "1" if require_all else "0"}
    environment.pop("CROSSDOCK_SAMPLES", None)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


BY_CALL = f"def test_it():\n    pytest.skip('{REASON}')"
BY_MARK = f"@pytest.mark.skipif(True, reason='{REASON}')\ndef test_it():\n    pass"
BY_FIXTURE = f"@pytest.fixture\ndef moon():\n    pytest.skip('{REASON}')\n\ndef test_it(moon):\n    pass"
BY_MODULE = f"pytest.skip('{REASON}', allow_module_level=True)"


@pytest.mark.parametrize("source", [BY_CALL, BY_MARK, BY_FIXTURE, BY_MODULE], ids=["call", "mark", "fixture", "module"])
def test_a_skip_is_named_on_a_developers_machine_and_fails_on_the_build_server(tmp_path: Path, source: str) -> None:
    at_home = run(tmp_path, source, require_all=False)
    assert "1 skipped" in at_home
    assert REASON in at_home

    on_the_build_server = run(tmp_path, source, require_all=True)
    assert "1 failed" in on_the_build_server or "1 error" in on_the_build_server
    assert REASON in on_the_build_server


@pytest.mark.parametrize(
    "source",
    [
        "def test_it(samples):\n    raise AssertionError",
        "@pytest.mark.samples\n@pytest.mark.skipif(True, reason='no samples')\ndef test_it():\n    pass",
    ],
    ids=["fixture", "marker"],
)
def test_a_test_of_absent_samples_may_be_skipped_everywhere(tmp_path: Path, source: str) -> None:
    assert "1 skipped" in run(tmp_path, source, require_all=True)


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    source = "@pytest.mark.xfail\ndef test_it():\n    raise AssertionError"
    assert "1 xfailed" in run(tmp_path, source, require_all=True)
