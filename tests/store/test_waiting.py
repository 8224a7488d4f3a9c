"""Which waiting documents can go on, and which waited too long."""

from __future__ import annotations

import pytest

from hub.store import Store
from hub.store.waiting import able_to_go_on, overdue
from tests.store import rows
from tests.store.rows import NOW


def test_one_goes_on_once_its_number_is_known(store: Store) -> None:
    with store.write() as connection:
        waiting = rows.document(connection, state="waiting")
        other = rows.document(connection, state="waiting")
        rows.awaited(connection, waiting, "1001")
        rows.awaited(connection, other, "1002")
        assert able_to_go_on(connection, how_many=9) == []
        rows.reference(connection, rows.subject(connection), "1001")
        assert able_to_go_on(connection, how_many=9) == [waiting]


@pytest.mark.parametrize("said", [{"system": "erp"}, {"kind": "po"}, {"scope": "buyer"}])
def test_a_number_of_another_system_kind_or_scope_is_another_number(store: Store, said: dict[str, str]) -> None:
    with store.write() as connection:
        rows.awaited(connection, rows.document(connection, state="waiting"), "1001")
        rows.reference(connection, rows.subject(connection), "1001", **said)
        assert able_to_go_on(connection, how_many=9) == []


@pytest.mark.parametrize("state", ["dead", "quarantined"])
def test_one_goes_on_once_what_is_before_it_is_settled(store: Store, state: str) -> None:
    with store.write() as connection:
        order = rows.subject(connection)
        before = rows.document(connection, subject=order, seq=3, state=state)
        waiting = rows.document(connection, subject=order, seq=4, state="waiting")
        assert able_to_go_on(connection, how_many=9) == []
        rows.document(connection, subject=order, seq=5, state="dead")
        rows.document(connection, subject=rows.subject(connection), seq=1, state="dead")
        document = rows.tables.document
        connection.execute(document.update().where(document.c.id == before).values(state="applied"))
        assert able_to_go_on(connection, how_many=9) == [waiting]


def test_those_that_wait_for_each_other_go_on_together(store: Store) -> None:
    with store.write() as connection:
        order = rows.subject(connection)
        waiting = [rows.document(connection, subject=order, seq=seq, state="waiting") for seq in (3, 4, 5)]
        rows.document(connection, subject=order, seq=6, state="dead")
        rows.document(connection, subject=order, seq=7, state="waiting")
        assert able_to_go_on(connection, how_many=9) == waiting


def test_a_snapshot_waits_for_the_order_alone(store: Store) -> None:
    with store.write() as connection:
        order = rows.subject(connection)
        rows.document(connection, subject=order, seq=3, state="dead")
        snapshot = rows.document(connection, subject=order, seq=4, state="waiting", intent="snapshot")
        rows.document(connection, subject=order, seq=5, state="waiting", intent="delta")
        assert able_to_go_on(connection, how_many=9) == []
        rows.order_head(connection, order)
        assert able_to_go_on(connection, how_many=9) == [snapshot]


def test_they_go_on_in_the_order_in_which_they_came_and_so_many_at_a_time(store: Store) -> None:
    with store.write() as connection:
        made = [
            rows.document(connection, subject=rows.subject(connection), seq=1, state="waiting", created_at=NOW - age)
            for age in range(4)
        ]
        assert able_to_go_on(connection, how_many=3) == made[:0:-1]


def test_those_past_their_deadline_are_overdue(store: Store) -> None:
    with store.write() as connection:
        late = rows.document(connection, state="waiting", waiting_until=NOW - 1, reason="No order 1001.")
        rows.document(connection, state="waiting", waiting_until=NOW)
        rows.document(connection, state="waiting")
        rows.document(connection, state="dead", waiting_until=NOW - 1)
        (row,) = overdue(connection, now=NOW, how_many=9)
        assert (row["id"], row["reason"], row["source"], row["subject"]) == (late, "No order 1001.", "shop", None)
