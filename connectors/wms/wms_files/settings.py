"""Settings of a warehouse: its mailbox, its files, and what they call their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError, model_validator

from connectors.formats.csv import CsvColumn, CsvColumns, CsvDialect, CsvOptions
from connectors.transports.files import InboxSettings, OutboxSettings
from connectors.transports.mailbox import FileName, MailboxSettings
from connectors.wms.wms_files.format import WarehouseFormat
from connectors.wms.wms_files.kinds import RELEASE, RETURN, RETURN_ORDER, SHIPMENT, STATUS, STOCK, Kind
from hub.contract.connector import ConnectorConfig

_COLUMNS = (
    "The file's columns in their order, each a name of the payload's or {name, header, …}; by default all of them."
)


class KindOfFile(ConnectorConfig):
    """What all kinds of files have in common: their columns."""

    kind: ClassVar[Kind]

    columns: CsvColumns = Field(default_factory=list, description=_COLUMNS)

    @model_validator(mode="after")
    def _has_what_is_needed(self) -> Self:
        missing = self.kind.needed - {column.name for column in self.declared()}
        if missing:
            raise ValueError(f"a {self.kind.type} needs the columns {', '.join(sorted(missing))} too")
        return self

    def declared(self) -> list[CsvColumn]:
        """The columns; those that the payload knows keep its type unless another is given."""
        if not self.columns:
            return list(self.kind.columns)
        known = {column.name: column for column in self.kind.columns}
        return [
            column.model_copy(update=_inherited(column, known[column.name])) if column.name in known else column
            for column in self.columns
        ]

    def options(self, dialect: CsvDialect) -> CsvOptions:
        """The dialect with these columns; ValueError where they do not fit together."""
        columns = self.declared()
        names = {column.name for column in columns}
        group_by = [name for name in self.kind.group_by if name in names]
        return CsvOptions.model_validate({**dict(dialect), "columns": columns, "group_by": group_by})


def _inherited(column: CsvColumn, standard: CsvColumn) -> Mapping[str, Any]:
    names = {"type", "required"} - column.model_fields_set
    return {name: getattr(standard, name) for name in names}


class LeftFiles(KindOfFile, OutboxSettings):
    """Files that the warehouse takes."""

    directory: str = Field("in", min_length=1, description="Directory that the warehouse takes files from.")
    name: FileName = Field(
        description="Name of each file: {transmission} is its unique id, {date} and {time} are in UTC."
    )


class TakenFiles(KindOfFile, InboxSettings):
    """Files that the warehouse leaves."""

    directory: str = Field("out", min_length=1, description="Directory that the warehouse leaves files in.")


class ReleaseFiles(LeftFiles):
    """Requests to ship."""

    kind = RELEASE
    name: FileName = Field("RELEASE_{transmission}.csv", description="Name of each file.")


class ReturnOrderFiles(LeftFiles):
    """Returns that are to come."""

    kind = RETURN_ORDER
    name: FileName = Field("RETURN_ORDER_{transmission}.csv", description="Name of each file.")


class StatusFiles(TakenFiles):
    """What the warehouse says of requests before they ship."""

    kind = STATUS
    pattern: str = Field("STATUS_*.csv", min_length=1, description="Names to take.")


class ShipmentFiles(TakenFiles):
    """What left."""

    kind = SHIPMENT
    pattern: str = Field("SHIPMENT_*.csv", min_length=1, description="Names to take.")


class StockFiles(TakenFiles):
    """What is there."""

    kind = STOCK
    pattern: str = Field("STOCK_*.csv", min_length=1, description="Names to take.")


class ReturnFiles(TakenFiles):
    """What came back."""

    kind = RETURN
    pattern: str = Field("RETURN_*.csv", min_length=1, description="Names to take.")


def _default(model: type[KindOfFile]) -> Any:
    return lambda: model.model_validate({})


class WarehouseFiles(ConnectorConfig):
    """The files by their kind; each is there by default."""

    release: ReleaseFiles = Field(default_factory=_default(ReleaseFiles), description="wms.release, left for it.")
    return_order: ReturnOrderFiles = Field(
        default_factory=_default(ReturnOrderFiles), description="wms.return_order, left for it."
    )
    status: StatusFiles = Field(default_factory=_default(StatusFiles), description="wms.status, taken from it.")
    shipment: ShipmentFiles = Field(default_factory=_default(ShipmentFiles), description="wms.shipment, taken from it.")
    stock: StockFiles = Field(default_factory=_default(StockFiles), description="wms.stock, taken from it.")
    returned: ReturnFiles = Field(
        default_factory=_default(ReturnFiles), alias="return", description="wms.return, taken from it."
    )

    def left(self) -> list[LeftFiles]:
        """The kinds that the warehouse takes."""
        return [self.release, self.return_order]

    def taken(self) -> dict[str, TakenFiles]:
        """The kinds that the warehouse leaves, by name."""
        return {"status": self.status, "shipment": self.shipment, "stock": self.stock, "return": self.returned}


class WarehouseConfig(MailboxSettings):
    """One warehouse."""

    node: str = Field(
        min_length=1, max_length=80, description="The warehouse's name, as orders are released to it and stock is told."
    )
    csv: CsvDialect = Field(
        default_factory=CsvDialect, description="How all its files are written: delimiter, encoding, decimal comma …"
    )
    files: WarehouseFiles = Field(default_factory=WarehouseFiles, description="What differs in its files, by kind.")

    @model_validator(mode="after")
    def _makes_formats(self) -> Self:
        for one in (*self.files.left(), *self.files.taken().values()):
            try:
                one.options(self.csv)
            except ValidationError as error:
                raise ValueError(f"{one.kind.type}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
        return self

    def formats(self) -> dict[str, WarehouseFormat]:
        """A format for each payload type."""
        kinds = [*self.files.left(), *self.files.taken().values()]
        return {one.kind.type: WarehouseFormat(one.kind, one.options(self.csv), self.node) for one in kinds}
