"""Rows of a warehouse's files as payloads, and payloads as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.formats.csv import CsvFormat, CsvOptions
from connectors.wms.wms_files.kinds import PACKAGE_FIELDS, Kind
from hub.contract.format import UNNUMBERED, Numbers, Reject, Tree

_GOODS = ("line_id", "sku", "gtin")
_MARKS = ("package_id", "sscc", "tracking")
"""What tells one package from another, in this order."""


class WarehouseFormat(CsvFormat):
    """CSV in the columns of one kind of file.

    Decoding adds to each payload the warehouse's name (`node`), unless the file tells one, and
    brings what is about the whole document, or a whole package, to where it stands once. Encoding
    writes the columns that are declared and leaves others out: a warehouse takes what it takes.
    """

    def __init__(self, kind: Kind, options: CsvOptions, node: str) -> None:
        super().__init__(options)
        self._kind = kind
        self._node = node

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree | Reject]:
        """Yield one payload a row, or a group of rows."""
        for part in super().decode(stream):
            yield replace(part, data=self._payload(part.data)) if isinstance(part, Tree) else part

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """The file of a payload, `{"rows": [...]}`, whose other fields stand in every row."""
        return super().encode({"rows": [self._row(row) for row in _joined(tree)]}, type, numbers)

    def _payload(self, data: dict[str, Any]) -> dict[str, Any]:
        if "rows" not in data:
            return {**data, "node": data.get("node") or self._node}
        rows: list[dict[str, Any]] = data["rows"]
        found = {**data, **{name: _first(rows, name) for name in self._kind.common}}
        found["node"] = _first(rows, "node") or self._node
        if self._kind.packed:
            found["packages"] = list(_packages(rows))
            found["items"] = [row for row in rows if _mark(row) is None and _is_goods(row)]
        return found

    def _row(self, row: Any) -> Any:
        names = {column.name for column in self.options.columns}
        return {name: value for name, value in row.items() if name in names} if isinstance(row, Mapping) else row


def _joined(tree: Any) -> list[Any]:
    """The rows of a payload, each with what is about all of them."""
    if not isinstance(tree, Mapping) or not isinstance(tree.get("rows"), list):
        return [tree]
    common = {name: value for name, value in tree.items() if name != "rows"}
    return [{**common, **row} if isinstance(row, Mapping) else row for row in tree["rows"]]


def _packages(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The packages that rows are in, in their order, each with its goods."""
    marked: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        mark = _mark(row)
        if mark is not None:
            marked.setdefault(mark, []).append(row)
    for inside in marked.values():
        package = {name: _first(inside, name) for name in PACKAGE_FIELDS}
        yield {**package, "rows": [row for row in inside if _is_goods(row)]}


def _mark(row: Mapping[str, Any]) -> str | None:
    return next((f"{name}:{row[name]}" for name in _MARKS if row.get(name) is not None), None)


def _is_goods(row: Mapping[str, Any]) -> bool:
    return row.get("quantity") is not None and any(row.get(name) is not None for name in _GOODS)


def _first(rows: list[dict[str, Any]], name: str) -> Any:
    """The first value of a column that is not empty."""
    return next((row[name] for row in rows if row.get(name) is not None), None)
