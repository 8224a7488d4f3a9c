"""What is agreed with one partner: ids, delimiters, version, acknowledgement and strictness."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.formats.x12.tokenizer import REPETITIONS_SINCE, Delimiters

Delimiter = Annotated[str, Field(pattern=r"^[^A-Za-z0-9 .\-\x80-\U0010ffff]$")]
"""One character that cannot be part of a number or a word."""


_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "01": (r"[0-9]{9}", "a D-U-N-S number of 9 digits"),
    "08": (r"[0-9]{10}", "a communications id of 10 digits"),
    "12": (r"[0-9]{10,15}", "a telephone number of digits"),
}
"""What an id of a kind (element I05) looks like, where the kind says it."""


class Party(BaseModel):
    """One side of an exchange. Ids are in the basic character set of X12, which has no small letters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    qualifier: str = Field(default="ZZ", pattern=r"^[A-Z0-9]{2}$", description="Kind of id (ISA05, ISA07), such as ZZ.")
    id: str = Field(min_length=1, max_length=15, description="Id in the interchange header (ISA06, ISA08).")
    group_id: str | None = Field(
        default=None, min_length=2, max_length=15, description="Id in the group header (GS02, GS03); by default `id`."
    )

    @field_validator("id", "group_id")
    @classmethod
    def _in_capitals(cls, value: str | None) -> str | None:
        if value is not None and value != value.upper():
            raise ValueError(f"{value!r} has small letters, which ids in X12 have not; write {value.upper()}")
        return value

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        form, described = _FORMS.get(self.qualifier, (".*", ""))
        if not re.fullmatch(form, self.id):
            raise ValueError(f"an id with the qualifier {self.qualifier} is {described}, and {self.id!r} is none")
        return self


class Partner(BaseModel):
    """How interchanges with one partner are written and read; every setting has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    us: Party | None = Field(
        default=None, description="Our side. What is addressed to anybody else is refused; without it, nothing is."
    )
    them: Party | None = Field(
        default=None, description="The partner. What comes from anybody else is refused; without it, nothing is."
    )
    element_separator: Delimiter = Field(default="*", description="Between elements.")
    component_separator: Delimiter = Field(default=">", description="Between components of an element (ISA16).")
    repetition_separator: Delimiter = Field(
        default="^", description="Between repetitions of an element (ISA11), from ISA12 00402 on."
    )
    terminator: Delimiter = Field(default="~", description="At the end of a segment.")
    line_break: Literal["", "\n", "\r\n"] = Field(default="", description="Written after each terminator.")
    version: str = Field(
        default="004010", pattern=r"^\d{6}[A-Z0-9]{0,6}$", description="Version of what is written (GS08)."
    )
    interchange_version: str | None = Field(
        default=None, pattern=r"^00[2-8]\d\d$", description="Interchange version (ISA12); by default that of `version`."
    )
    usage: Literal["P", "T"] = Field(default="P", description="Usage indicator (ISA15): production or test.")
    acknowledge: bool = Field(default=True, description="Whether what comes in is answered with 997 and TA1.")
    request_ack: bool = Field(default=False, description="Whether a TA1 is asked for (ISA14).")
    charset: Literal["utf-8", "iso-8859-1", "cp1252", "ascii"] = Field(
        default="utf-8", description="Character set, both ways. Other bytes are an error."
    )
    on_fault: Literal["reject", "accept"] = Field(
        default="reject",
        description="A set with faulty segments or elements is refused, or taken and acknowledged with its faults.",
    )
    delimiter_in_data: Literal["reject", "replace"] = Field(
        default="reject",
        description="Data that holds a delimiter or a control character is refused, or written with blanks instead.",
    )

    @model_validator(mode="after")
    def _delimiters_differ(self) -> Self:
        names = ("element_separator", "component_separator", "repetition_separator", "terminator")
        if len({getattr(self, name) for name in names}) < len(names):
            raise ValueError(f"{', '.join(names)} must be four different characters")
        if self.terminator in "\r\n" and self.line_break:
            raise ValueError("line_break must be empty where the terminator is a line break itself")
        return self

    def delimiters(self, interchange_version: str) -> Delimiters:
        """The delimiters of an interchange of this version (ISA12)."""
        repetition = self.repetition_separator if interchange_version >= REPETITIONS_SINCE else ""
        written = (self.element_separator, self.component_separator, self.terminator, repetition)
        return Delimiters(*(delimiter.encode("ascii") for delimiter in written))
