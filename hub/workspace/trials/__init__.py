"""Tests of whole pipelines, as YAML says them: read and checked here, run by `hub.operations.trials`."""

from __future__ import annotations

from hub.workspace.trials.trial import (
    Arrival,
    Deed,
    Expected,
    ExpectedOrder,
    ExpectedRow,
    ExpectedRows,
    Mending,
    ReplayAll,
    Resumption,
    Step,
    Trial,
)
from hub.workspace.trials.workspace import check_trials, named_files, trials_of

__all__ = [
    "Arrival",
    "Deed",
    "Expected",
    "ExpectedOrder",
    "ExpectedRow",
    "ExpectedRows",
    "Mending",
    "ReplayAll",
    "Resumption",
    "Step",
    "Trial",
    "check_trials",
    "named_files",
    "trials_of",
]
