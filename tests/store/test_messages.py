"""Messages are claimed by one worker at a time, in the order in which they came, and settled by that one alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, select, text

from hub.store import Store, tables
from hub.store.messages import LeaseLost, Progress, any_due, claim, keep_cursor, release, settle
from hub.store.states import MessageState
from tests.store import rows
from tests.store.rows import NOW

MINUTE = 60_000_000

NESTED_LOOPS = ("hashjoin", "mergejoin", "hashagg", "sort", "material", "indexscan", "bitmapscan")
"""What PostgreSQL's planner must do without, so that it runs a subquery once for each row."""


@contextmanager
def worst_plan(store: Store) -> Iterator[Connection]:
    """A write transaction in which PostgreSQL plans as it does at its worst."""
    with store.write() as connection:
        if not store.is_sqlite:
            for way in NESTED_LOOPS:
                connection.execute(text(f"SET LOCAL enable_{way} = off"))
        yield connection


def test_they_are_claimed_in_the_order_in_which_they_came(store: Store) -> None:
    with store.write() as connection:
        third = rows.message(connection, received_at=NOW + 2)
        first = rows.message(connection, received_at=NOW, headers='{"x-topic":"orders/create"}')
        second = rows.message(connection, received_at=NOW + 1)
        claimed = claim(connection, "one", how_many=2, lease=MINUTE)
        assert [message.id for message in claimed] == [first, second]
        assert claimed[0].headers == {"x-topic": "orders/create"}
        assert [message.id for message in claim(connection, "one", how_many=2, lease=MINUTE)] == [third]


def test_no_more_are_claimed_than_asked_for_however_the_database_plans(store: Store) -> None:
    with worst_plan(store) as connection:
        for _ in range(20):
            rows.message(connection)
        assert len(claim(connection, "one", how_many=3, lease=MINUTE)) == 3


def test_what_is_held_or_done_is_not_due(store: Store) -> None:
    with store.write() as connection:
        assert not any_due(connection)
        rows.message(connection)
        rows.message(connection, state="done")
        rows.message(connection, state="dead")
        assert any_due(connection)
        assert len(claim(connection, "one", how_many=9, lease=MINUTE)) == 1
        assert not any_due(connection)
        assert claim(connection, "two", how_many=9, lease=MINUTE) == []


def test_workers_that_claim_at_once_share_them(store: Store) -> None:
    with store.write() as connection:
        for _ in range(40):
            rows.message(connection)

    def work(number: int) -> list[str]:
        with store.write() as connection:
            return [message.id for message in claim(connection, f"worker {number}", how_many=7, lease=MINUTE)]

    with ThreadPoolExecutor(4) as threads:
        claimed = [id_ for ids in threads.map(work, range(8)) for id_ in ids]
    assert len(claimed) == len(set(claimed)) == 40


def test_after_its_lease_another_takes_over_and_the_first_can_no_longer_settle(store: Store) -> None:
    with store.write() as connection:
        rows.message(connection)
        (slow,) = claim(connection, "slow", how_many=1, lease=-1)
        (quick,) = claim(connection, "quick", how_many=1, lease=MINUTE)
        assert quick.fence > slow.fence
        for late in (
            lambda: settle(connection, [Progress(slow, MessageState.DONE, 1)], now=NOW),
            lambda: keep_cursor(connection, slow, 1, lease=MINUTE),
        ):
            with pytest.raises(LeaseLost):
                late()
        settle(connection, [Progress(quick, MessageState.DONE, 3)], now=NOW)
        row = connection.execute(select(tables.message)).one()
        assert (row.state, row.cursor, row.drained_at, row.lease_owner) == ("done", 3, NOW, None)


def test_a_batch_is_settled_whole_or_not_at_all(store: Store) -> None:
    with store.write() as connection:
        for _ in range(2):
            rows.message(connection)
        first, second = claim(connection, "slow", how_many=2, lease=-1)
        claim(connection, "quick", how_many=1, lease=MINUTE)

    def settle_both() -> None:
        with store.write() as connection:
            settle(connection, [Progress(one, MessageState.DONE, 1) for one in (first, second)], now=NOW)

    with pytest.raises(LeaseLost):
        settle_both()
    with store.read() as connection:
        assert set(connection.execute(select(tables.message.c.state)).scalars()) == {"received"}


def test_a_batch_that_is_held_is_settled(store: Store) -> None:
    with store.write() as connection:
        for _ in range(3):
            rows.message(connection)
        claimed = claim(connection, "one", how_many=3, lease=MINUTE)
        settle(connection, [Progress(one, MessageState.DEAD, 0, "No JSON.") for one in claimed], now=NOW)
        assert (
            connection.execute(select(tables.message.c.state, tables.message.c.reason)).all()
            == [("dead", "No JSON.")] * 3
        )


def test_a_kept_cursor_is_where_the_next_worker_begins(store: Store) -> None:
    with store.write() as connection:
        rows.message(connection)
        (held,) = claim(connection, "one", how_many=1, lease=MINUTE)
        keep_cursor(connection, held, 200, lease=-1)
        (taken,) = claim(connection, "two", how_many=1, lease=MINUTE)
        assert taken.cursor == 200


def test_what_a_dead_worker_held_is_due_again(store: Store) -> None:
    with store.write() as connection:
        for _ in range(2):
            rows.message(connection)
        (of_dead,) = claim(connection, "dead", how_many=1, lease=MINUTE)
        claim(connection, "alive", how_many=1, lease=MINUTE)
        release(connection, "dead")
        assert [message.id for message in claim(connection, "new", how_many=2, lease=MINUTE)] == [of_dead.id]
