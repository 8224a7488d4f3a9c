"""Rows are added to code tables while the hub runs, and count before those of files."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.operations.crosswalks import (
    AddedCrosswalkRow,
    RemovedCrosswalkRows,
    add_crosswalk_row,
    list_crosswalks,
    list_rows,
    remove_crosswalk_rows,
)
from hub.operations.errors import BadInput, NotFound, OperationRefused
from tests.operations.hub_process import Hub


def add(hub: Hub, name: str, value: str, target: str, **options: Any) -> AddedCrosswalkRow:
    return add_crosswalk_row(hub.store, hub.workspace, name, value, target, actor="ada", clock=hub.clock, **options)


def remove(hub: Hub, name: str, value: str, **options: Any) -> RemovedCrosswalkRows:
    return remove_crosswalk_rows(hub.store, hub.workspace, name, value, clock=hub.clock, **options)


def rows(hub: Hub, name: str, value: str | None = None) -> list[tuple[str, str, str]]:
    return [(one.value, one.target, one.origin) for one in list_rows(hub.store, hub.workspace, name, value=value)]


async def test_tables_tell_where_their_rows_come_from(hub: Hub) -> None:
    add(hub, "materials", "CAP", "300-1")
    add(hub, "colours", "red", "01", new=True)
    shown = {one.name: (one.file, one.file_rows, one.added_rows) for one in list_crosswalks(hub.store, hub.workspace)}
    assert shown == {"materials": ("config/crosswalks/materials.csv", 2, 1), "colours": (None, 0, 1)}


async def test_the_row_that_counts_stands_first(hub: Hub) -> None:
    assert add(hub, "materials", "MUG", "100-300").instead_of == "100-201"
    assert add(hub, "materials", " MUG ", "100-400").instead_of == "100-300"
    assert rows(hub, "materials", "MUG") == [
        ("MUG", "100-400", "added by ada"),
        ("MUG", "100-300", "added by ada"),
        ("MUG", "100-201", "config/crosswalks/materials.csv:2"),
    ]
    await hub.receive(number=1)
    await hub.settle()
    [sent] = hub.counterparts["erp"].state()["bodies"]
    assert '"material":"100-400"' in sent["body"]


async def test_a_row_holds_between_its_days(hub: Hub) -> None:
    added = add(hub, "materials", "MUG", "100-300", valid_from=date(2030, 1, 1), valid_to=date(2030, 12, 31))
    assert (added.row.valid_from, added.row.valid_to) == (date(2030, 1, 1), date(2030, 12, 31))
    assert added.instead_of == "100-201"
    assert add(hub, "materials", "TEA", "200-2").instead_of is None, "the file's row ended in 2020"
    await hub.receive(number=1)
    await hub.settle()
    [sent] = hub.counterparts["erp"].state()["bodies"]
    assert '"material":"100-201"' in sent["body"]


async def test_a_table_that_is_not_known_is_refused_with_the_nearest(hub: Hub) -> None:
    with pytest.raises(OperationRefused, match="did you mean 'materials'"):
        add(hub, "material", "CAP", "300-1")
    with pytest.raises(NotFound, match="did you mean 'materials'"):
        rows(hub, "material")


@pytest.mark.parametrize(
    ("value", "target", "options"),
    [
        ("", "1", {}),
        ("CAP", " ", {}),
        ("x" * 201, "1", {}),
        ("a\0b", "1", {}),
        ("CAP", "\ud800", {}),
        ("*", "1", {}),
        ("CAP", "1", {"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}),
    ],
)
async def test_what_could_never_match_is_refused(hub: Hub, value: str, target: str, options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        add(hub, "materials", value, target, **options)
    assert len(rows(hub, "materials")) == 2


async def sent_materials(hub: Hub, number: int) -> str:
    """What the ERP was sent for another order of a mug."""
    await hub.receive(number=number)
    await hub.settle()
    body: str = hub.counterparts["erp"].state()["bodies"][-1]["body"]
    return body


async def test_a_running_hub_sees_a_row_that_takes_the_place_of_another(hub: Hub) -> None:
    add(hub, "materials", "MUG", "100-300")
    assert '"material":"100-300"' in await sent_materials(hub, 1)
    removed = remove(hub, "materials", "MUG")
    assert ([row.target for row in removed.rows], removed.now) == (["100-300"], "100-201")
    add(hub, "materials", "MUG", "100-400")
    assert '"material":"100-400"' in await sent_materials(hub, 2)
    remove(hub, "materials", "MUG")
    assert '"material":"100-201"' in await sent_materials(hub, 3)


async def test_the_last_row_is_taken_back_or_those_that_are_named(hub: Hub) -> None:
    for target in ("1", "2", "1", "3"):
        add(hub, "materials", "CAP", target)
    assert remove(hub, "materials", "CAP").now == "1"
    assert [row.target for row in remove(hub, "materials", "CAP", target="2").rows] == ["2"]
    removed = remove(hub, "materials", " CAP ", everything=True)
    assert ([row.target for row in removed.rows], removed.now) == (["1", "1"], None)
    assert rows(hub, "materials", "CAP") == []


async def test_a_table_of_added_rows_ends_with_the_last(hub: Hub) -> None:
    add(hub, "colours", "red", "01", new=True)
    assert remove(hub, "colours", "red").now is None
    assert "colours" not in {one.name for one in list_crosswalks(hub.store, hub.workspace)}
    with pytest.raises(NotFound, match="There is no crosswalk 'colours'"):
        remove(hub, "colours", "red")


async def test_rows_of_a_file_are_not_removed(hub: Hub) -> None:
    with pytest.raises(OperationRefused, match=r"100-201 \(config/crosswalks/materials.csv:2\).*removed there"):
        remove(hub, "materials", "MUG")
    add(hub, "materials", "MUG", "100-300")
    with pytest.raises(OperationRefused, match="No row was added to 'materials' for 'MUG' as '100-201'"):
        remove(hub, "materials", "MUG", target="100-201")
    with pytest.raises(OperationRefused, match=r"for 'CUP'\.$"):
        remove(hub, "materials", "CUP")
