"""How a CSV file is laid out: its columns, its signs, what stands around its rows."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from connectors.formats._columns import Column
from hub.contract.connector import ConnectorConfig


class CsvColumn(Column):
    """One column: what the tree calls it, what the file calls it, and what its values are."""

    header: str = Field("", description="Its name in the header line, where that differs.")

    @property
    def title(self) -> str:
        """What stands in the header line."""
        return self.header or self.name


class CsvTrailer(ConnectorConfig):
    """A last record that is no row: it says that the file is whole, and maybe how many rows it has."""

    marker: str = Field(min_length=1, description="The first value of the trailing record, such as TRL.")
    count: int | None = Field(
        None, ge=2, le=100, description="Place of the value that counts the rows; the first value is 1."
    )


def _named(column: Any) -> Any:
    return {"name": column} if isinstance(column, str) else column


CsvColumns = list[Annotated[CsvColumn, BeforeValidator(_named)]]
"""A setting: columns in their order, each a name or an object."""


class CsvDialect(ConnectorConfig):
    """How a file is written, whatever its columns; by default as RFC 4180 has it, in UTF-8."""

    header: bool = Field(
        True, description="Whether the first line names the columns, which may then stand in any order."
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description='What stands between values; a tab is "\\t".')
    quote: str = Field('"', max_length=1, description="What values are quoted by; empty if nothing is.")
    encoding: str = Field("utf-8", description="Such as utf-8, utf-16, cp1252; a byte order mark is taken off.")
    line_end: Literal["crlf", "lf"] = Field("crlf", description="What ends the lines that are written; all are read.")
    decimal_comma: bool = Field(False, description="Whether numbers have a comma for a point: 12,50.")
    comment: str = Field("", description="What lines begin with that are passed over, such as #.")
    trailer: CsvTrailer | None = Field(None, description="The last record, where it is no row.")

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            "x".encode(name).decode(name)
        except (LookupError, UnicodeError):
            raise ValueError(f"{name!r} is no encoding of text") from None
        return codecs.lookup(name).name

    @field_validator("delimiter", "quote")
    @classmethod
    def _is_a_sign(cls, sign: str) -> str:
        if sign in {"\r", "\n", "\0"}:
            raise ValueError("a line end or NUL cannot be a sign")
        return sign

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError("delimiter and quote are the same")
        return self


class CsvOptions(CsvDialect):
    """Options of the format: a dialect, columns, and which rows belong together."""

    columns: CsvColumns = Field(
        default_factory=list,
        description="Columns in their order, each a name or {name, header, type, required, format}; "
        "without them those of the header line, all text.",
    )
    group_by: list[str] = Field(
        default_factory=list,
        description="Columns whose equal, neighbouring values make one document with `rows`: the lines of an order.",
    )

    @model_validator(mode="after")
    def _columns_fit_together(self) -> Self:
        names = [column.name for column in self.columns]
        unknown = [name for name in self.group_by if names and name not in names]
        twice = {*_twice(names), *_twice([column.title for column in self.columns]), *_twice(self.group_by)}
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))} stands twice")
        if not self.header and not names:
            raise ValueError("without a header line, name the columns")
        if unknown:
            raise ValueError(f"group_by names {', '.join(unknown)}, which is no column")
        return self


def _twice(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
