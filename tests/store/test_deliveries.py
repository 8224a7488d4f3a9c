"""Deliveries are claimed each lane's first only, within a connection's capacity, and settled by their holder."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from hub.store import Store, tables
from hub.store.deliveries import any_due, claim, close_attempts, open_attempts, release, renew, settle, still_held
from hub.store.statements import insert_rows
from tests.store import rows
from tests.store.rows import NOW
from tests.store.test_messages import worst_plan

MINUTE = 60_000_000


def claimed(connection: Connection, capacity: dict[str, int] | None = None, *, now: int = NOW) -> list[str]:
    return [one.id for one in claim(connection, capacity or {"erp": 99}, "one", now=now, lease=MINUTE)]


def settled(connection: Connection, id_: str, state: str) -> None:
    row = {"delivery_id": id_, "new_state": state, "why": None, "again_at": NOW, "settled": NOW}
    settle(connection, [row])


@pytest.mark.parametrize("state", ["planned", "sending", "dead", "in_doubt"])
def test_what_is_open_holds_up_what_is_behind_it_in_its_lane(store: Store, state: str) -> None:
    with store.write() as connection:
        order = rows.subject(connection)
        first = rows.delivery(connection, subject=order, lane=3, state=state)
        second = rows.delivery(connection, subject=order, lane=4)
        due = [first] if state in ("planned", "sending") else []
        assert claimed(connection) == due
        settled(connection, first, "delivered")
        assert claimed(connection) == [second]


def test_other_lanes_go_on(store: Store) -> None:
    """Neither another order nor another connection waits for a dead delivery."""
    with store.write() as connection:
        order = rows.subject(connection)
        rows.delivery(connection, subject=order, lane=3, state="dead")
        rows.delivery(connection, subject=order, lane=4)
        elsewhere = rows.delivery(connection, subject=order, lane=5, connection="crm")
        other = rows.delivery(connection, lane=9)
        assert sorted(claimed(connection, {"erp": 9, "crm": 9})) == sorted([elsewhere, other])


def test_each_connection_gets_what_it_has_room_for_whichever_way_the_database_plans(store: Store) -> None:
    with worst_plan(store) as connection:
        for _ in range(10):
            rows.delivery(connection)
            rows.delivery(connection, connection="crm")
        taken = claim(connection, {"erp": 2, "crm": 3}, "one", now=NOW, lease=MINUTE)
        assert sorted(one.connection for one in taken) == ["crm"] * 3 + ["erp"] * 2


@pytest.mark.parametrize(
    "said", [{"ready": False}, {"next_at": NOW + 1}, {"state": "delivered"}, {"state": "dropped"}, {"connection": "x"}]
)
def test_what_waits_is_not_due(store: Store, said: dict[str, Any]) -> None:
    with store.write() as connection:
        rows.delivery(connection, **said)
        assert not any_due(connection, ["erp", "crm"], now=NOW)
        assert claimed(connection) == []


def test_only_the_named_connections_are_looked_at(store: Store) -> None:
    with store.read() as connection:
        assert not any_due(connection, [], now=NOW)
    with store.write() as connection:
        rows.delivery(connection)
        assert any_due(connection, ["crm", "erp"], now=NOW)
        assert not any_due(connection, ["crm"], now=NOW)


def test_a_later_try_is_due_at_its_time(store: Store) -> None:
    with store.write() as connection:
        later = rows.delivery(connection, next_at=NOW + MINUTE)
        assert claimed(connection, now=NOW + MINUTE) == [later]


def test_one_holds_it_until_its_lease_ends(store: Store) -> None:
    with store.write() as connection:
        rows.delivery(connection)
        (slow,) = claim(connection, {"erp": 1}, "slow", now=NOW, lease=-1)
        (quick,) = claim(connection, {"erp": 1}, "quick", now=NOW, lease=MINUTE)
        assert still_held(connection, {slow.id: slow.fence}) == set()
        assert still_held(connection, {quick.id: quick.fence}) == {quick.id}
        assert still_held(connection, {}) == set()
        assert claimed(connection) == []


def test_a_renewed_one_stays_held(store: Store) -> None:
    with store.write() as connection:
        rows.delivery(connection)
        (held,) = claim(connection, {"erp": 1}, "one", now=NOW, lease=-1)
        renew(connection, {held.id: held.fence}, lease=MINUTE)
        assert claimed(connection) == []


def test_what_a_dead_worker_held_is_due_again(store: Store) -> None:
    with store.write() as connection:
        rows.delivery(connection)
        (held,) = claim(connection, {"erp": 1}, "dead", now=NOW, lease=MINUTE)
        release(connection, "alive")
        assert claimed(connection) == []
        release(connection, "dead")
        assert claimed(connection) == [held.id]


def test_an_attempt_keeps_what_the_counterpart_said_even_what_no_column_takes(store: Store) -> None:
    with store.write() as connection:
        id_ = rows.delivery(connection)
        transmission = {**dict.fromkeys(tables.transmission.c.keys(), ""), "id": id_, "size": 0, "created_at": NOW}
        insert_rows(connection, tables.transmission, [transmission])
        started = {**dict.fromkeys(tables.attempt.c.keys()), "transmission": id_, "number": 1, "started_at": NOW}
        insert_rows(connection, tables.attempt, [{**started, "outcome": "open", "worker": "one"}])
        opened = {"delivery_id": id_, "frozen": id_, "attempt_number": 1, "try_number": 1, "answers": None}
        open_attempts(connection, [opened])
        ended = {"sent": id_, "attempt_number": 1, "ended": NOW, "result": "refused", "answer": b"\0"}
        close_attempts(connection, [{**ended, "said": "no\0pe " + "x" * 10_000, "more": "\ud800"}])
        delivery = connection.execute(select(tables.delivery)).one()
        assert (delivery.state, delivery.transmission, delivery.attempts, delivery.tries) == ("sending", id_, 1, 1)
        attempt = connection.execute(select(tables.attempt)).one()
        assert attempt.note == "no\ufffdpe " + "x" * 10_000
        assert (attempt.detail, attempt.response, attempt.outcome) == ("?", b"\0", "refused")
