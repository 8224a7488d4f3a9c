"""Notes of connections, counted refusals, and running numbers without gaps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.contract.errors import RejectedMessage
from hub.store import Store
from hub.store.connections import (
    PAUSED_KEY,
    count_refusals,
    next_number,
    paused,
    read_state,
    refusals,
    write_state,
)
from tests.store.rows import NOW


def test_a_note_is_kept_per_connection_and_key(store: Store) -> None:
    with store.write() as connection:
        write_state(connection, "shop", "token", "one", at=NOW)
        write_state(connection, "shop", "token", "two", at=NOW)
        write_state(connection, "erp", "token", "other", at=NOW)
    with store.read() as connection:
        assert read_state(connection, "shop", "token") == "two"
        assert read_state(connection, "erp", "token") == "other"
        assert read_state(connection, "shop", "cursor") is None


def test_a_connection_is_paused_while_its_note_says_why(store: Store) -> None:
    with store.write() as connection:
        write_state(connection, "shop", PAUSED_KEY, "The token was refused.", at=NOW)
        write_state(connection, "erp", PAUSED_KEY, "", at=NOW)
        assert paused(connection) == {"shop": "The token was refused."}
        write_state(connection, "shop", PAUSED_KEY, "", at=NOW)
        assert paused(connection) == {}


def test_refusals_are_added_up_by_connection_and_code(store: Store) -> None:
    with store.write() as connection:
        count_refusals(connection, {("shop", "signature"): 2, ("shop", "too_large"): 1}, at=NOW)
        count_refusals(connection, {("shop", "signature"): 3, ("edi", "signature"): 1}, at=NOW)
        write_state(connection, "shop", "cursor", "12", at=NOW)
        assert refusals(connection) == {"shop": {"signature": 5, "too_large": 1}, "edi": {"signature": 1}}


def test_refusals_counted_at_once_are_all_counted(store: Store) -> None:
    def count(_: int) -> None:
        for _ in range(10):
            with store.write() as connection:
                count_refusals(connection, {("shop", "signature"): 1}, at=NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    with store.read() as connection:
        assert refusals(connection) == {"shop": {"signature": 40}}


def test_numbers_begin_at_one_and_each_name_has_its_own(store: Store) -> None:
    with store.write() as connection:
        assert [next_number(connection, "invoices") for _ in range(3)] == [1, 2, 3]
        assert next_number(connection, "orders") == 1
    with store.write() as connection:
        assert next_number(connection, "invoices") == 4


def test_a_number_whose_transaction_fails_is_given_again(store: Store) -> None:
    def take_and_fail() -> None:
        with store.write() as connection:
            taken.append(next_number(connection, "invoices"))
            raise RejectedMessage("no")

    taken: list[int] = []
    for _ in range(2):
        with pytest.raises(RejectedMessage):
            take_and_fail()
    with store.write() as connection:
        taken.append(next_number(connection, "invoices"))
    assert taken == [1, 1, 1]


def test_numbers_taken_at_once_are_all_different_and_without_gaps(store: Store) -> None:
    """Every third transaction fails, so that its number goes to another one."""

    def take(turn: int) -> int | None:
        try:
            with store.write() as connection:
                number = next_number(connection, "invoices")
                if turn % 3 == 0:
                    raise RejectedMessage("no")
        except RejectedMessage:
            return None
        return number

    with ThreadPoolExecutor(4) as threads:
        taken = [number for number in threads.map(take, range(60)) if number is not None]
    assert sorted(taken) == list(range(1, 41))
