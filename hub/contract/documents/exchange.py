"""Reply and FunctionalAcknowledgement: what is said about messages themselves, both ways."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.values import Code, Model, Text


class Reply(Document):
    """An answer the sender of a message is owed (a 997), made by the format that read it.

    It is about the interchange, and goes to the connection that the message came from, as it is.
    """

    opens_subject: ClassVar[bool] = True
    subject_kind: ClassVar[str] = "interchange"

    payload_type: Code
    payload: Any


class AcknowledgementFault(Model):
    """One fault that a partner found in what it was sent."""

    place: Text = Field(description="Segment and element, as the partner names them.")
    code: Code
    value: Text | None = None


class FunctionalAcknowledgement(Document):
    """A partner received what it was sent, and says whether it could read it."""

    group_number: Code = Field(description="Control number of the group that it answers.")
    of_type: Code = Field(description="Set that it answers, such as 856.")
    accepted: bool
    code: Code = Field(description="Acknowledgement code as it came: A, E, P or R.")
    faults: list[AcknowledgementFault] = Field(default_factory=list)
