"""A new workspace: webhooks of an application become orders, and orders become files."""

from __future__ import annotations

from pathlib import Path

from hub.operations.scaffolds.writing import filled, write_new


def init_workspace(root: Path) -> list[str]:
    """Write a workspace that starts, checks and tests as it stands; OperationRefused if a file of it is there."""
    return write_new(root, filled("workspace", root=root.resolve().as_posix()))
