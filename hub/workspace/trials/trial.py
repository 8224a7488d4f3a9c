"""Tests of whole pipelines, read: what happens, step by step, and what must be so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.mapping.expectation import Expectation
from hub.source import Location
from hub.workspace.trials.clauses import (
    AnswerClause,
    FaultClause,
    ReplayClause,
    SettleClause,
    Tables,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message: a tree, a text, or a file named from the folder of the test's own file.

    `changes` are by place in its tree. Without a `key` of its own no other message is its repeat.
    """

    connection: str
    type: str
    input: Any
    file: str | None
    changes: Mapping[str, Any]
    headers: Mapping[str, str]
    key: str | None
    name: str


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """One document, delivery or failure: values by key, and what is expected of its `content` or `payload`."""

    location: Location
    values: Mapping[str, Any]
    tree: Expectation | None = None


@dataclass(frozen=True, slots=True)
class ExpectedRows:
    """Rows in any order; all there are unless `partial`."""

    location: Location
    rows: tuple[ExpectedRow, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class ExpectedOrder:
    """An order, found by any of its numbers."""

    location: Location
    find: str
    view: Expectation


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be so. `rows` are by `documents`, `deliveries` and `failures`; `messages` is state to count."""

    location: Location
    since_last: bool
    rows: Mapping[str, ExpectedRows] = field(default_factory=dict)
    order: ExpectedOrder | None = None
    messages: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Mending:
    """Rows that a person adds to crosswalks."""

    tables: Tables


@dataclass(frozen=True, slots=True)
class Resumption:
    """A person lets a connection run again."""

    connection: str


@dataclass(frozen=True, slots=True)
class ReplayAll:
    """A person replays everything that failed."""


Deed = (
    Arrival
    | FaultClause
    | AnswerClause
    | timedelta
    | Mending
    | ReplayAll
    | ReplayClause
    | SettleClause
    | Resumption
    | Expected
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step and its place."""

    location: Location
    deed: Deed


@dataclass(frozen=True, slots=True)
class Trial:
    """One test. `subject` is the pipeline it tests, or the file of tests of several."""

    subject: str
    name: str
    location: Location
    at: datetime
    crosswalks: Tables
    steps: tuple[Step, ...]
