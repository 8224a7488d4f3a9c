"""Somebody else's distribution, installed into a folder as pip would leave it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).parent / "distribution" / "acme_dock"


def install(site: Path, type_name: str = "acme", changes: Mapping[str, tuple[str, str]] | None = None) -> None:
    """Install Acme Dock's connector as a type of its own; `changes` by file: a text and what replaces it."""
    package = site / f"{type_name}_dock"
    package.mkdir(parents=True)
    for path in SOURCE.glob("*.*"):
        text = path.read_text().replace('"acme"', f'"{type_name}"').replace("type: acme\n", f"type: {type_name}\n")
        old, new = (changes or {}).get(path.name, ("", ""))
        assert old in text, f"{path.name} no longer holds {old!r}"
        (package / path.name).write_text(text.replace(old, new) if old else text)
    info = site / f"{type_name}_dock-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {type_name}-dock\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[crossdock.connectors]\n{type_name} = {type_name}_dock.connector:AcmeConnector\n"
    )


def environment(site: Path) -> dict[str, str]:
    """The environment of a process that finds what is installed there."""
    return {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{Path(__file__).parents[2]}"}
