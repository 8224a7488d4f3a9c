"""Workspaces: the YAML read, loaded, checked, tested, and kept by version."""

from __future__ import annotations

from hub.workspace.checking import check
from hub.workspace.connections import Connection, ConnectionSpec, Retry
from hub.workspace.crosswalks import Crosswalk
from hub.workspace.files import Files, overlay, read_directory, standard_library, version_of
from hub.workspace.loader import Loaded, load
from hub.workspace.settings import HubSettings
from hub.workspace.testing import TestResult, run_tests
from hub.workspace.workspace import Workspace

__all__ = [
    "Connection",
    "ConnectionSpec",
    "Crosswalk",
    "Files",
    "HubSettings",
    "Loaded",
    "Retry",
    "TestResult",
    "Workspace",
    "check",
    "load",
    "overlay",
    "read_directory",
    "run_tests",
    "standard_library",
    "version_of",
]
