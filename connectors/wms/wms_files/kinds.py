"""The kinds of files that pass between the hub and a warehouse, and their columns.

The names here are those of the payloads; what a warehouse's own files call its columns is said in
the settings. `common` are columns that are about the whole document: they stand in every row of
the file or only in the first, and once in the payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.formats.csv import CsvColumn


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. Neighbouring rows that agree in `group_by` are one payload."""

    type: str
    columns: tuple[CsvColumn, ...]
    group_by: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    packed: bool = False
    """Whether its rows may be about packages."""

    @property
    def needed(self) -> frozenset[str]:
        """The columns without which a payload says nothing."""
        return frozenset(column.name for column in self.columns if column.required)


def _columns(text: str) -> tuple[CsvColumn, ...]:
    """Columns from their names, `name:type`; those with `!` at the end are required."""
    found = []
    for word in text.split():
        name, _, type_ = word.rstrip("!").partition(":")
        found.append(CsvColumn.model_validate({"name": name, "type": type_ or "text", "required": word.endswith("!")}))
    return tuple(found)


_PACKAGE = """
    package_id sscc tracking package_type weight:number weight_unit length:number width:number height:number
    dimension_unit
"""
PACKAGE_FIELDS: Final = tuple(column.name for column in _columns(_PACKAGE))
"""What rows say of the package they are in."""

RELEASE: Final = Kind(
    "wms.release",
    _columns(
        """
        request_number! action order_number po_number node requested_on:date ship_by:date carrier_service
        ship_to_name ship_to_company ship_to_street1 ship_to_street2 ship_to_city ship_to_region ship_to_postcode
        ship_to_country ship_to_phone ship_to_email note
        line_id sku! gtin description quantity:number! unit
        """
    ),
)
RETURN_ORDER: Final = Kind(
    "wms.return_order",
    _columns("return_number! order_number node line_id sku! quantity:number! unit reason"),
)
STATUS: Final = Kind(
    "wms.status",
    _columns(f"request_number! status! happened_at line_id sku quantity:number unit reason {_PACKAGE}"),
    group_by=("request_number", "status", "happened_at"),
    common=("reason",),
    packed=True,
)
SHIPMENT: Final = Kind(
    "wms.shipment",
    _columns(
        f"""
        request_number! shipment_number shipped_at carrier carrier_service bill_of_lading complete
        line_id sku gtin quantity:number! unit lot expires_on:date serial {_PACKAGE}
        """
    ),
    group_by=("request_number", "shipment_number"),
    common=("shipped_at", "carrier", "carrier_service", "bill_of_lading", "complete"),
    packed=True,
)
STOCK: Final = Kind(
    "wms.stock",
    _columns(
        """
        node sku! gtin description on_hand:number available:number committed:number on_order:number unit counted_at
        """
    ),
)
RETURN: Final = Kind(
    "wms.return",
    _columns("return_number! received_at node line_id! sku quantity:number! unit condition disposition"),
    group_by=("return_number", "received_at"),
)
