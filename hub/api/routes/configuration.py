"""The configuration: the versions of it that the database keeps."""

from __future__ import annotations

from hub.api.parameters import AtDesk, Limit, Word
from hub.api.threads import Router
from hub.operations.versions import Version, VersionLine, list_versions, show_version

router = Router("configuration")


@router.get("/versions", summary="List the versions of the configuration, the latest first")
def versions(desk: AtDesk, limit: Limit = 50) -> list[VersionLine]:
    """Who started a hub with each first, and which one the hub runs."""
    return list_versions(desk.store, limit=limit)


@router.get("/versions/{version}", summary="Show one version of the configuration")
def version(desk: AtDesk, version: Word) -> Version:
    """With its files: their paths, sizes and SHA-256."""
    return show_version(desk.store, version)
