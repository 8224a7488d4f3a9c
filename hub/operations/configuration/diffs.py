"""What differs between two versions of the configuration, or between one and a directory: a unified diff by file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from io import StringIO
from pathlib import Path
from typing import Final

from hub.operations.configuration.versions import as_text, named_version
from hub.store import Store
from hub.workspace import Files, read_directory, standard_library
from hub.workspace.files import without_tests
from hub.workspace.loader import read_draft
from hub.workspace.versions import files_of

NO_NEWLINE: Final = "\\ No newline at end of file\n"
NOT_TEXT: Final = "The files differ, and are no text.\n"


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A file that differs: it was `added`, `removed` or `changed`; `text` is the unified diff."""

    path: str
    change: str
    text: str


@dataclass(frozen=True, slots=True)
class Diff:
    """From `before` to `after`: whole versions, or None for a directory; files that differ, by path."""

    before: str
    after: str | None
    files: list[FileDiff]


def diff_versions(store: Store, before: str, after: str) -> Diff:
    """From one kept version to another."""
    with store.read() as connection:
        first, second = named_version(connection, before), named_version(connection, after)
        return Diff(first, second, diff_files(files_of(connection, first), files_of(connection, second)))


def diff_directory(store: Store, before: str, root: Path) -> Diff:
    """From a kept version to what a directory would become.

    That is its files and the library's, in the environment that is chosen; they need not be right.
    ConfigError if the directory cannot be read.
    """
    wanted = without_tests(read_draft(read_directory(root), standard_library()).files)
    with store.read() as connection:
        first = named_version(connection, before)
        return Diff(first, None, diff_files(files_of(connection, first), wanted))


def diff_files(before: Files, after: Files) -> list[FileDiff]:
    """The files that differ, by path."""
    return [
        FileDiff(path, _change(path, before, after), "".join(_unified(path, before.get(path), after.get(path))))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _change(path: str, before: Files, after: Files) -> str:
    if path not in before:
        return "added"
    return "changed" if path in after else "removed"


def _unified(path: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    texts = as_text(before or b""), as_text(after or b"")
    if texts[0] is None or texts[1] is None:
        yield NOT_TEXT
        return
    old = "/dev/null" if before is None else f"a/{path}"
    new = "/dev/null" if after is None else f"b/{path}"
    for line in unified_diff(_lines(texts[0]), _lines(texts[1]), old, new):
        yield line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}"


def _lines(text: str) -> list[str]:
    """Lines with their ends, where only a line feed ends one."""
    return list(StringIO(text, newline="\n"))
