"""docs/how-to/change-safely.md: each mistake is made as the page says, and found as the page says."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.contract.connector import Item
from tests.runtime.hubs import LocalHub
from tests.runtime.workspaces import prepare

ROOT = Path(__file__).parents[2]
FOLDERS = ("config", "mappings", "pipelines")
PAGE = (ROOT / "docs/how-to/change-safely.md").read_text(encoding="utf-8")
MISTAKES = re.findall(r"^### (.+?)\n.*?^```sh\n(.*?)^```\n```text\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def copy_workspace(root: Path) -> None:
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, dirs_exist_ok=True)


@contextmanager
def hub_of(root: Path) -> Iterator[LocalHub]:
    """A hub of the workspace in a directory, on its database there."""
    (root / "var").mkdir()
    files = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.suffix in (".yaml", ".csv") and "stories" not in path.parts
    }
    store, workspace = prepare(f"sqlite:///{root}/var/crossdock.db", files)
    try:
        yield LocalHub(store, workspace)
    finally:
        store.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Path:
    """The shipped workspace of a hub that has run: its database holds an order of the shop."""
    root: Path = tmp_path_factory.mktemp("running")
    copy_workspace(root)
    with hub_of(root) as hub:
        body = (ROOT / "pipelines/orders/samples/order.json").read_bytes()
        item = Item(key="webhook:1", type="shopify.order", body=body, name="orders/create")
        asyncio.run(hub.receive_item("acme-shop", item))
        hub.drain()
    return root


def test_there_are_ten():
    assert len(MISTAKES) == 10


@pytest.mark.parametrize(("commands", "says"), [pytest.param(*rest, id=name) for name, *rest in MISTAKES])
def test_a_mistake_is_found(tmp_path, running, commands, says):
    copy_workspace(tmp_path)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CROSSDOCK_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RUNNING": str(running),
    }
    ran = subprocess.run(
        ["sh", "-c", commands], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )

    found = ran.stdout + ran.stderr
    assert ran.returncode == 1, found
    for line in says.splitlines():
        assert line in found
