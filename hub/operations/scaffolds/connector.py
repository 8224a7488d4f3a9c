"""A new connector in a checkout: code, simulator, contract, page and tests, which pass as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from hub.contract.connector import Family
from hub.contract.registry import connector_types
from hub.operations.errors import BadInput, OperationRefused
from hub.operations.scaffolds.writing import filled, write_new

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def new_connector(root: Path, name: str, family: Family) -> list[str]:
    """Write `connectors/FAMILY/NAME/` and its tests. BadInput for a name that is none.

    OperationRefused if there is such a connector, or `root` is no checkout of Crossdock.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} cannot be a connector's type: write it as acme_dock.", value=name)
    if name in connector_types():
        raise OperationRefused(f"There is a connector {name!r} already.", value=name)
    if not (root / "connectors" / "__init__.py").is_file():
        raise OperationRefused(f"{root} is no checkout of Crossdock: it holds no package connectors/.")
    texts = filled("connector", name=name, title=_words(name), Name=_words(name).replace(" ", ""), family=family)
    folder = f"connectors/{family}/{name}"
    paths = {"test.py": f"tests/connectors/test_{name}.py"}
    packages = [folder, *([] if (root / f"connectors/{family}/__init__.py").is_file() else [f"connectors/{family}"])]
    markers = {f"{package}/__init__.py": "" for package in packages}
    return write_new(root, {**markers, **{paths.get(path, f"{folder}/{path}"): text for path, text in texts.items()}})


def _words(name: str) -> str:
    return " ".join(part.capitalize() for part in name.split("_"))
