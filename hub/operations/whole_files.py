"""Files of a workspace written whole or not at all: what stands there is somebody's work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from hub.operations.errors import OperationRefused


def write_whole(root: Path, contents: Mapping[str, bytes]) -> None:
    """Write files below `root`, by their paths, with the folders that they need.

    A full disk, or an end in the midst of it, leaves each as it was or as it should be. A link
    stays one. Raises OperationRefused for a file that cannot be written.
    """
    for path, content in contents.items():
        try:
            _write((root / path).resolve(), content)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror or error}."
            raise OperationRefused(message, file=path) from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
