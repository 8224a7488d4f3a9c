"""What a workspace has for editors: schemas in `.schemas/`, and in each file the line that names its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hub.operations.schemas.files import kind_of, modeline, schema_kinds, schema_text

SCHEMAS: Final = ".schemas"
"""Where a workspace keeps its schemas. What is hidden is no part of the configuration."""
_SHIPPED: Final = "docs/schema"
"""Where a checkout of Crossdock has them."""


def all_schemas() -> dict[str, str]:
    """The schemas of all kinds of file by their paths in a workspace."""
    return {f"{SCHEMAS}/{kind}.json": schema_text(kind) for kind in schema_kinds()}


def with_modelines(root: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """New files of the workspace at `root`, those of a known kind with the line that names their schema.

    A schema that the workspace has not got yet comes with them.
    """
    made: dict[str, str] = {}
    schemas: dict[str, str] = {}
    for path, text in texts.items():
        kind = kind_of(path)
        folder = _SHIPPED if kind and (root / _SHIPPED / f"{kind}.json").is_file() else SCHEMAS
        made[path] = modeline(path, folder) + text
        if kind and not (root / folder / f"{kind}.json").exists():
            schemas[f"{folder}/{kind}.json"] = schema_text(kind)
    return {**made, **schemas}
