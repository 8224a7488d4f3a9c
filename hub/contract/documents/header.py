"""What all documents share: where they come from, which revision they are, what they intend."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from hub.contract.values import Code, Model, Moment


class Intent(StrEnum):
    """How a document relates to others about the same subject."""

    SNAPSHOT = "snapshot"
    """The whole state; a newer one supersedes an older one."""
    DELTA = "delta"
    """A change; it waits for its predecessor."""
    COMMAND = "command"
    """An order to act; never superseded, decided in recorded order."""


class Header(Model):
    """Origin and revision, filled in by the hub from what the pipeline declares."""

    source: Code = Field(description="System the document came from.")
    source_id: Code = Field(description="The object's number in that system.")
    revision: str = Field(default="", max_length=200, description="The object's version there.")
    occurred_at: Moment | None = Field(default=None, description="When it happened there, if it says so.")
    intent: Intent = Intent.SNAPSHOT


class Document(Model):
    """Base of the canonical kinds."""

    version: ClassVar[int] = 1
    """Version of the kind, additive only."""
    opens_subject: ClassVar[bool] = False
    """Whether a document of this kind may be the first thing known of its subject."""
    subject_kind: ClassVar[str] = "order"
    """What documents of this kind are about."""

    header: Header
    extensions: dict[str, Any] = Field(default_factory=dict, description="What a partner adds, by name.")
