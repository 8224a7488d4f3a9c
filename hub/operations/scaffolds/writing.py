"""Writes new files, all of them or none, and fills templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from hub.operations.errors import BadInput, OperationRefused

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""Names of connections and pipelines."""

_SUFFIX: Final = ".tmpl"
# What is made is YAML, Python and Markdown, never HTML.
_TEMPLATES: Final = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701


def write_new(root: Path, texts: Mapping[str, str]) -> list[str]:
    """Write files beneath `root` by their relative paths; OperationRefused, and nothing is written, if one is there."""
    there = sorted(path for path in texts if (root / path).exists())
    if there:
        raise OperationRefused(f"There is {', '.join(there)} already; nothing was written.", file=there[0])
    try:
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            with (root / path).open("x", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        raise OperationRefused(f"{error.filename} cannot be written: {error.strerror or error}.") from error
    return list(texts)


def filled(folder: str, **values: Any) -> dict[str, str]:
    """The templates of a folder by their relative paths, filled."""
    top = files(__package__) / "templates" / folder
    return {path: fill(text, **values) for path, text in _texts(top, "")}


def fill(text: str, **values: Any) -> str:
    """A template's text, filled."""
    return _TEMPLATES.from_string(text).render(**values)


def require_name(name: str) -> str:
    """The name of a connection or a pipeline, or BadInput."""
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name: take small letters, digits, - and _.", value=name)
    return name


def _texts(top: Traversable, path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for one in sorted(top.iterdir(), key=lambda one: one.name):
        inner = f"{path}{one.name}"
        if one.is_dir():
            found += _texts(one, f"{inner}/")
        elif inner.endswith(_SUFFIX):
            found.append((inner.removesuffix(_SUFFIX), one.read_text(encoding="utf-8")))
    return found
