"""How a fixed-width file is laid out: its kinds of record, and the columns of each."""

from __future__ import annotations

import codecs
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from connectors.formats._columns import Column
from hub.contract.connector import ConnectorConfig

_LONGEST = 100_000


class FixedColumn(Column):
    """A column: where it stands in the line, and what its values are. Places count from 1, in characters."""

    start: int = Field(ge=1, le=_LONGEST, description="Place of its first character; the first of a line is 1.")
    width: int = Field(ge=1, le=1000, description="How many characters it has.")
    format: str = Field("%Y%m%d", description="For a date: how the file writes it, as strptime has it.")
    decimals: int = Field(
        0, ge=0, le=18, description="For a number: digits behind a decimal point that is not written: 1250 is 12.50."
    )
    align: Literal["left", "right"] | None = Field(
        None, description="Where a value stands in its column when it is written; numbers right, others left."
    )
    pad: str = Field(" ", min_length=1, max_length=1, description="What a column is filled up with: a space, or 0.")

    @model_validator(mode="after")
    def _can_be_told_from_its_padding(self) -> Self:
        if self.decimals and self.type != "number":
            raise ValueError("decimals belong to a number")
        if self.pad != " " and self.type in {"text", "date"}:
            raise ValueError("only numbers are padded by anything but spaces: it would be part of the value")
        if self.pad not in {" ", "0"} or (self.pad == "0" and self.align == "left"):
            raise ValueError("pad by spaces, or by zeros on the left of a number")
        return self

    @property
    def is_right(self) -> bool:
        """Whether values stand at the right of the column."""
        return self.align == "right" or (self.align is None and self.type in {"number", "integer"})

    @property
    def end(self) -> int:
        """Place behind its last character, counted from 0."""
        return self.start - 1 + self.width


class FixedRecord(ConnectorConfig):
    """A kind of record: the lines that have its marker at its place."""

    name: str = Field("row", min_length=1, description="The record's name in the tree.")
    marker: str = Field("", description="What tells its lines from others, such as HDR; empty if all are alike.")
    at: int = Field(1, ge=1, le=_LONGEST, description="Place where the marker begins.")
    skip: bool = Field(False, description="Whether it is passed over, such as the header of a whole file.")
    columns: list[FixedColumn] = Field(default_factory=list, description="Its columns.")

    @model_validator(mode="after")
    def _columns_stand_apart(self) -> Self:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"the record {self.name} has two columns of one name")
        if not self.columns and not self.skip:
            raise ValueError(f"the record {self.name} has no columns")
        taken = sorted((column.start - 1, column.end, column.name) for column in self.columns)
        if self.marker:
            taken = sorted([*taken, (self.at - 1, self.at - 1 + len(self.marker), "its marker")])
        for (_, end, one), (start, _, other) in pairwise(taken):
            if start < end:
                raise ValueError(f"in the record {self.name}, {one} and {other} overlap")
        return self

    def fits(self, line: str) -> bool:
        """Whether a line is one of these."""
        return line.startswith(self.marker, self.at - 1)


class FixedOptions(ConnectorConfig):
    """Options of the format."""

    records: list[FixedRecord] = Field(
        min_length=1,
        description="The kinds of record. Of several, each record of the first begins a document, "
        "and those that follow are in it.",
    )
    encoding: str = Field("utf-8", description="Such as utf-8, cp1252; a byte order mark is taken off.")
    line_end: Literal["crlf", "lf"] = Field("crlf", description="What ends the lines that are written; all are read.")

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            "x".encode(name).decode(name)
        except (LookupError, UnicodeError):
            raise ValueError(f"{name!r} is no encoding of text") from None
        return codecs.lookup(name).name

    @model_validator(mode="after")
    def _records_are_told_apart(self) -> Self:
        names, marks = [one.name for one in self.records], [(one.at, one.marker) for one in self.records]
        if len(set(names)) < len(names) or len(set(marks)) < len(marks):
            raise ValueError("two records have one name, or one marker")
        if len(self.records) > 1 and not all(one.marker for one in self.records):
            raise ValueError("of several records, each needs a marker")
        if all(one.skip for one in self.records):
            raise ValueError("all records are passed over")
        return self

    @property
    def kept(self) -> list[FixedRecord]:
        """The records that are read; the first begins a document."""
        return [one for one in self.records if not one.skip]
