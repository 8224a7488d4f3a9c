"""Workspaces: the YAML read and loaded; what is wrong with it is in `checking`, its tests in `testing` and `trials`."""

from __future__ import annotations

from hub.workspace.connections import Connection, ConnectionSpec, Retry
from hub.workspace.crosswalks import Crosswalk
from hub.workspace.files import Files, overlay, read_directory, standard_library, version_of
from hub.workspace.loader import Loaded, load
from hub.workspace.settings import HubSettings
from hub.workspace.workspace import Workspace

__all__ = [
    "Connection",
    "ConnectionSpec",
    "Crosswalk",
    "Files",
    "HubSettings",
    "Loaded",
    "Retry",
    "Workspace",
    "load",
    "overlay",
    "read_directory",
    "standard_library",
    "version_of",
]
