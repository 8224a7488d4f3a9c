"""A hub for tests of whole pipelines: its real parts in one process, on a database of its own.

Counterparts are played: nothing opens a socket. Time stands still until it is moved.
"""

from __future__ import annotations

from hub.runtime.trial.counterpart import Part
from hub.runtime.trial.database import fresh_store
from hub.runtime.trial.hub import TrialHub

__all__ = ["Part", "TrialHub", "fresh_store"]
