"""Settings of the files connector: which files are which payload, and how they are read and written."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from connectors.formats.csv import CsvFormat, CsvOptions
from connectors.formats.fixed_width import FixedOptions, FixedWidthFormat
from connectors.transports.files import InboxSettings, OutboxSettings
from connectors.transports.mailbox import FileName, MailboxSettings
from hub.contract.connector import ConnectorConfig
from hub.contract.format import Format
from hub.contract.registry import find_format, format_names, nearest


class PayloadSettings(ConnectorConfig):
    """What is in the files of one kind."""

    type: str = Field(
        pattern=r"^[a-z0-9_]+\.[a-z0-9_./-]+$", description="Payload type that pipelines and mappings name: acme.stock."
    )
    format: str = Field("csv", description="Format of the files: csv, json, xml, fixed_width or any other there is.")
    csv: CsvOptions | None = Field(None, description="For csv: columns, delimiter, encoding and whatever differs.")
    fixed_width: FixedOptions | None = Field(None, description="For fixed_width: its records, and their columns.")

    @field_validator("format")
    @classmethod
    def _is_there(cls, name: str) -> str:
        names = format_names()
        if name not in names:
            raise ValueError(f"there is no format {name!r}{nearest(name, names)}; there are {', '.join(names)}")
        return name

    @model_validator(mode="after")
    def _options_are_for_the_format(self) -> Self:
        for name in ("csv", "fixed_width"):
            if getattr(self, name) is not None and self.format != name:
                raise ValueError(f"{name} options are for format {name}, and this is {self.format}")
        if self.format == "fixed_width" and self.fixed_width is None:
            raise ValueError("format fixed_width needs fixed_width, which says where the columns stand")
        return self

    def make_format(self) -> Format:
        """The format with its options."""
        if self.fixed_width is not None:
            return FixedWidthFormat(self.fixed_width)
        return CsvFormat(self.csv) if self.csv is not None else find_format(self.format)


class FilesInbox(PayloadSettings, InboxSettings):
    """Files of one kind that are taken."""

    @property
    def name(self) -> str:
        """What tells it from the other inboxes of the connection."""
        return f"{self.directory}/{self.pattern}"


class FilesOutbox(PayloadSettings, OutboxSettings):
    """Files of one kind that are left."""

    name: FileName = Field(
        "",
        description="Name of each file: {transmission} is its unique id, {type}, {date} and {time} (UTC), {po} or any "
        "other kind of number that the subject has at this system. By default the id and the format's suffix.",
    )

    @property
    def template(self) -> str:
        """The name, or the one by default."""
        return self.name or "{transmission}" + self.make_format().suffix


class FilesConfig(MailboxSettings):
    """A mailbox, what is taken from it and what is left in it."""

    inboxes: list[FilesInbox] = Field(
        default_factory=list, description="What is taken. Of several in one directory, a file is the first's that fits."
    )
    outboxes: list[FilesOutbox] = Field(default_factory=list, description="What is left, one for each payload type.")

    @model_validator(mode="after")
    def _tells_apart(self) -> Self:
        if not self.inboxes and not self.outboxes:
            raise ValueError("give inboxes, outboxes or both")
        for what, names in (
            ("inbox", [inbox.name for inbox in self.inboxes]),
            ("outbox for the type", [outbox.type for outbox in self.outboxes]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"there are two of the {what} {name}")
        return self

    @model_validator(mode="after")
    def _reads_a_type_in_one_way(self) -> Self:
        known: dict[str, PayloadSettings] = {}
        for one in (*self.inboxes, *self.outboxes):
            first = known.setdefault(one.type, one)
            if (first.format, first.csv, first.fixed_width) != (one.format, one.csv, one.fixed_width):
                raise ValueError(f"the type {one.type} has two formats; name the types differently")
        return self
