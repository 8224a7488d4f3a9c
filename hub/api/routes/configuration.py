"""The configuration: the versions of it that the database keeps, and which process runs which."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from hub.api.bodies import BYTES
from hub.api.parameters import Actor, AtDesk, Limit, Word
from hub.api.threads import Router
from hub.operations.configuration.activating import Applied, roll_back
from hub.operations.configuration.diffs import Diff, diff_versions
from hub.operations.configuration.versions import (
    ACTIVE,
    ProcessLine,
    Version,
    VersionLine,
    list_processes,
    list_versions,
    show_file,
    show_version,
)

router = Router("configuration")


@router.get("/versions", summary="List the versions of the configuration, the latest first")
def versions(desk: AtDesk, limit: Limit = 50) -> list[VersionLine]:
    """Who brought each first, which one is active, and who made which active when."""
    return list_versions(desk.store, limit=limit)


@router.get("/processes", summary="List the processes of the hub, and the version that each runs")
def processes(desk: AtDesk) -> list[ProcessLine]:
    """With a note where one cannot use the active version, or must be started again to follow it."""
    return list_processes(desk.store)


@router.get("/diff", summary="Show what differs between two versions")
def diff(desk: AtDesk, after: Word, before: Word = ACTIVE) -> Diff:
    """A unified diff for each file, from `before`, by default the active version, to `after`."""
    return diff_versions(desk.store, before, after)


@router.get("/versions/{version}", summary="Show one version of the configuration")
def version(desk: AtDesk, version: Word) -> Version:
    """With its files: their paths, sizes and SHA-256."""
    return show_version(desk.store, version)


@router.get(
    "/versions/{version}/files/{path:path}",
    summary="Download a file of a version",
    response_class=Response,
    responses={200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
)
def file(desk: AtDesk, version: Word, path: Word) -> Response:
    """Its bytes as they are kept."""
    found = show_file(desk.store, version, path)
    name = quote(path.rpartition("/")[2], safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "x-content-type-options": "nosniff"}
    return Response(found.content, headers=headers, media_type=BYTES)


@router.post("/versions/{version}/rollback", summary="Make a version active that was active before")
def rollback(desk: AtDesk, actor: Actor, version: Word) -> Applied:
    """409, with the reason, if it cannot be used today."""
    return roll_back(desk.store, version, actor=actor, clock=desk.clock)
