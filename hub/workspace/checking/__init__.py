"""What `crossdock check` says of a workspace. `docs/reference/check.md` lists every kind of finding."""

from __future__ import annotations

from hub.workspace.checking.checks import check

__all__ = ["check"]
