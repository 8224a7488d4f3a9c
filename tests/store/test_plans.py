"""The statements that run all the time go by an index, however many rows there are.

SQLite says how it would run a statement before there are rows; the indexes are the same on
PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from hub.store import Store, deliveries, messages, waiting
from hub.store.bodies import read_small, read_whole
from hub.store.failures import close_failures
from hub.store.messages import ClaimedMessage, Progress
from hub.store.references import number_of_subject, numbers_of
from hub.store.schema import migrate
from hub.store.states import MessageState
from tests.store.noting import noting

HELD = ClaimedMessage(**dict.fromkeys(ClaimedMessage.__slots__, 0) | {"id": "m", "headers": {}})
SETTLED = {"delivery_id": "d", "new_state": "x", "why": None, "again_at": 0, "settled": 0}

# Rows chosen already, and indexes that hold only what is open.
MAY_BE_SCANNED = ("SCAN chosen", "USING INDEX ix_message_due", "USING INDEX ix_document_open")

# What runs, and the indexes by which it must go: at least these, and no whole table.
HOT: dict[str, tuple[Callable[[Connection], object], set[str]]] = {
    "messages due": (messages.any_due, {"ix_message_due"}),
    "claim messages": (lambda c: messages.claim(c, "w", how_many=9, lease=1), {"ix_message_due"}),
    "keep a cursor": (lambda c: _expecting(messages.keep_cursor, c, HELD, 1, lease=1), {"sqlite_autoindex_message_1"}),
    "settle messages": (
        lambda c: _expecting(messages.settle, c, [Progress(HELD, MessageState.DONE, 1)], now=1),
        {"sqlite_autoindex_message_1"},
    ),
    "deliveries due": (
        lambda c: deliveries.any_due(c, ["erp", "crm"], now=1),
        {"ix_delivery_due", "ix_delivery_lane"},
    ),
    "claim deliveries": (
        lambda c: deliveries.claim(c, {"erp": 9}, "w", now=1, lease=1),
        {"ix_delivery_due", "ix_delivery_lane"},
    ),
    "fences": (lambda c: deliveries.still_held(c, {"d": 1}), {"sqlite_autoindex_delivery_1"}),
    "settle deliveries": (lambda c: deliveries.settle(c, [SETTLED]), {"sqlite_autoindex_delivery_1"}),
    "what can go on": (lambda c: waiting.able_to_go_on(c, how_many=9), {"ix_document_open"}),
    "what waited too long": (lambda c: waiting.overdue(c, now=1, how_many=9), {"ix_document_open"}),
    "small bodies": (lambda c: read_small(c, ["m"]), {"sqlite_autoindex_body_1"}),
    "a body": (lambda c: read_whole(c, "m"), {"sqlite_autoindex_body_1"}),
    "numbers of subjects": (lambda c: numbers_of(c, ["s"]), {"ix_reference_subject"}),
    "a number of a subject": (
        lambda c: number_of_subject(c, ("shop", "order", "", "1"), "erp", "order"),
        {"sqlite_autoindex_reference_1", "ix_reference_subject"},
    ),
    "close failures": (lambda c: close_failures(c, ["d"], by="hub", at=1), {"ix_failure_target"}),
}


def _expecting(call: Callable[..., object], *arguments: Any, **named: Any) -> None:
    with pytest.raises(messages.LeaseLost):
        call(*arguments, **named)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'crossdock.db'}")
    migrate(opened)
    yield opened
    opened.close()


def plan_of(store: Store, work: Callable[[Connection], object]) -> list[str]:
    """How SQLite runs the statements of some work, line by line."""
    with store.write() as connection:
        with noting(store) as noted:
            work(connection)
        ways = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all() for text, given in noted]
    return [str(step[3]) for way in ways for step in way]


@pytest.mark.parametrize("name", HOT)
def test_it_goes_by_an_index(empty: Store, name: str) -> None:
    work, indexes = HOT[name]
    plan = plan_of(empty, work)
    assert plan
    assert {index for index in indexes if not any(index in step for step in plan)} == set(), plan
    assert [step for step in plan if step.startswith("SCAN") and not step.endswith(MAY_BE_SCANNED)] == []


def test_a_statement_without_an_index_would_be_noticed(empty: Store) -> None:
    plan = plan_of(empty, lambda c: c.exec_driver_sql("SELECT id FROM message WHERE sha256 = 'x'"))
    assert plan == ["SCAN message"]
