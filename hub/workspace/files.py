"""The files of a workspace: what is read from a directory, and what a version of them is.

    config/      hub.yaml, environments/*.yaml, connections/*.yaml, crosswalks/**/*.csv
    mappings/    **/*.yaml, **/*.test.yaml, and samples in folders named `samples`
    pipelines/   **/*.yaml, **/*.test.yaml, and samples in folders named `samples`

Keys and certificates that lie beside them are never read. What is hidden (a name with a
leading dot) is passed over, so that a directory that Kubernetes mounted works.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import hub
from hub.contract.errors import ConfigError
from hub.workspace.hub_file import PATH

Files = Mapping[str, bytes]
"""Path relative to the workspace, with `/`, to content."""

Stamps = Mapping[str, tuple[int, int, int]]
"""Path to what changes when a file does: the time of the last change, the size, the inode."""

FOLDERS: Final = ("config", "mappings", "pipelines")
SAMPLES: Final = "samples"
"""Folders of this name hold what the tests of mappings and pipelines read, never configuration."""
TESTED: Final = ("mappings", "pipelines")
"""Folders in which tests and their samples lie."""
TESTS: Final = ".test.yaml"
"""Files whose names end so hold tests, never configuration."""
ENVIRONMENTS: Final = "config/environments"
STORIES: Final = "config/stories/"
"""Belongs to the sandbox, not to the configuration."""

MAX_FILE: Final = 4 * 1024 * 1024
MAX_TOTAL: Final = 64 * 1024 * 1024
MAX_FILES: Final = 10_000
MAX_DEPTH: Final = 16

_SUFFIXES: Final = {"config": (".yaml", ".yml", ".csv"), "mappings": (".yaml", ".yml"), "pipelines": (".yaml", ".yml")}


def read_directory(root: Path) -> Files:
    """The files of the workspace at `root`.

    Raises ConfigError for a directory that is no workspace, a link that leaves it, a file
    that cannot be read or whose name is not UTF-8, and what is larger than a configuration
    can be: 4 MiB a file, 64 MiB and 10,000 files in all.
    """
    if not any((root / folder).is_dir() for folder in FOLDERS):
        message = f"{root} is no workspace: it holds none of the folders {', '.join(FOLDERS)}."
        raise ConfigError(message, file=str(root))
    return _collect(root, FOLDERS)


def read_hub_files(root: Path) -> Files:
    """Of the workspace at `root`, only what says how the hub itself runs: its file and its environments.

    Neither need be there. Raises ConfigError as `read_directory` does.
    """
    files = dict(_collect(root, (ENVIRONMENTS,)))
    path = root.resolve() / PATH
    if path.is_file():
        _refuse_escape(root.resolve(), path)
        files[PATH] = _read(path, PATH)
    return files


def standard_library() -> Files:
    """The mappings that ship with Crossdock, in the folder `mappings` beside its packages."""
    return _collect(Path(next(iter(hub.__path__))).parent, ("mappings",))


def overlay(files: Files, library: Files) -> Files:
    """The workspace's files, above those of the library: a file of the same path stands for it."""
    return {**library, **files}


def version_of(files: Files) -> str:
    """The configuration's version: SHA-256, in hex, over the paths and contents in sorted order."""
    digest = hashlib.sha256()
    for path in sorted(files):
        content = files[path]
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_sample(path: PurePosixPath) -> bool:
    """Whether a file is a sample."""
    return path.parts[0] in TESTED and SAMPLES in path.parts[1:-1]


def is_test_file(path: PurePosixPath) -> bool:
    """Whether a file holds tests of mappings or pipelines."""
    return path.parts[0] in TESTED and path.name.endswith(TESTS) and not is_sample(path)


def without_tests(files: Files) -> Files:
    """What a version of the configuration is made of: files of tests change nothing of what a hub does.

    Samples stay, since tests that stand in a mapping name them.
    """
    return {path: content for path, content in files.items() if not is_test_file(PurePosixPath(path))}


def stamps_of(root: Path) -> Stamps:
    """What each file of the workspace at `root` looks like from outside: time in nanoseconds, bytes, inode.

    It is told without reading them. Raises ConfigError as `read_directory` does, OSError for a file
    that goes away meanwhile.
    """
    stamps = {}
    for name, path in _wanted(root, FOLDERS):
        status = path.stat()
        stamps[name] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return stamps


def _collect(root: Path, folders: Iterable[str]) -> Files:
    files: dict[str, bytes] = {}
    total = 0
    for name, path in _wanted(root, folders):
        files[name] = _read(path, name)
        total += len(files[name])
        if total > MAX_TOTAL or len(files) > MAX_FILES:
            message = f"The workspace {root} holds more than {MAX_FILES} files or {MAX_TOTAL >> 20} MiB."
            raise ConfigError(message, file=name)
    return files


def _wanted(root: Path, folders: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """The files beneath these folders that belong to a configuration, by path from the workspace."""
    home = root.resolve()
    for path in (path for folder in folders for path in _walk(home, home / folder, 0)):
        name = path.relative_to(home).as_posix()
        if _is_wanted(PurePosixPath(name)):
            _refuse_unnamable(name)
            yield name, path


def _is_wanted(path: PurePosixPath) -> bool:
    if str(path).startswith(STORIES):
        return False
    return is_sample(path) or path.suffix in _SUFFIXES[path.parts[0]]


def _walk(home: Path, folder: Path, depth: int) -> Iterator[Path]:
    """The plain files beneath a folder, in order. Links are followed as long as they stay inside."""
    if depth > MAX_DEPTH:
        raise ConfigError(f"{folder} is nested deeper than {MAX_DEPTH} folders.", file=str(folder))
    if not folder.is_dir():
        return
    _refuse_escape(home, folder)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_symlink():
            _refuse_escape(home, path)
        if path.is_dir():
            yield from _walk(home, path, depth + 1)
        elif path.is_file():
            yield path


def _refuse_escape(home: Path, path: Path) -> None:
    target = path.resolve()
    if not target.is_relative_to(home):
        name = path.relative_to(home).as_posix()
        message = f"{name} is a link that leaves the workspace (to {target}); put the file itself there."
        raise ConfigError(message, file=name)


def _refuse_unnamable(name: str) -> None:
    """A version names its files in UTF-8; a name of other bytes comes from a disk or an archive of another system."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        raise ConfigError(f"The name of {shown} is not UTF-8; rename it.", file=shown) from error


def _read(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > MAX_FILE:
                raise ConfigError(f"{name} is larger than {MAX_FILE >> 20} MiB.", file=name)
            return stream.read(MAX_FILE)
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror or error}."
        raise ConfigError(message, detail=repr(error), file=name) from error
