"""A new workspace: webhooks of an application become orders, and orders become files."""

from __future__ import annotations

from pathlib import Path

from hub.operations.scaffolds.editing import all_schemas, with_modelines
from hub.operations.scaffolds.writing import filled, write_new


def init_workspace(root: Path) -> list[str]:
    """Write a workspace that starts, checks and tests as it stands; OperationRefused if a file of it is there."""
    texts = filled("workspace", root=root.resolve().as_posix())
    return write_new(root, {**with_modelines(root, texts), **all_schemas()})
