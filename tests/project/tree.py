"""The files of the project as git sees them: those committed and those about to be."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> list[Path]:
    """Paths from the root of the checkout; the test is skipped where this is none."""
    if not (ROOT / ".git").exists():
        pytest.skip("a git checkout is not here: clone the repository to test the project itself.")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return sorted(path for name in listed.split("\0") if name and (ROOT / (path := Path(name))).is_file())


def texts() -> list[tuple[Path, str]]:
    """Every file that is UTF-8 text, with its text."""
    found = []
    for path in files():
        try:
            found.append((path, (ROOT / path).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found
