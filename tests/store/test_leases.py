"""A lease has one holder, until it ends or is given back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from hub.store import Store, tables
from hub.store.leases import give_back, release, take

MINUTE = 60_000_000


def test_one_holds_it_and_may_keep_it(store: Store) -> None:
    with store.write() as connection:
        assert take(connection, "sweep", "one", length=MINUTE)
        assert not take(connection, "sweep", "two", length=MINUTE)
        assert take(connection, "sweep", "one", length=MINUTE)
        assert take(connection, "poll:shop", "two", length=MINUTE)


def test_another_takes_it_when_it_has_ended(store: Store) -> None:
    with store.write() as connection:
        assert take(connection, "sweep", "one", length=-1)
        assert take(connection, "sweep", "two", length=MINUTE)
        assert not take(connection, "sweep", "one", length=MINUTE)


def test_another_takes_it_when_it_was_given_back(store: Store) -> None:
    with store.write() as connection:
        assert take(connection, "sweep", "one", length=MINUTE)
        give_back(connection, "sweep", "two")
        assert not take(connection, "sweep", "two", length=MINUTE)
        give_back(connection, "sweep", "one")
        assert take(connection, "sweep", "two", length=MINUTE)


def test_it_ends_by_the_clock_of_the_database(store: Store) -> None:
    with store.write() as connection:
        assert take(connection, "sweep", "one", length=MINUTE)
        held = connection.execute(select(tables.lease)).one()
        connection.execute(tables.lease.update().values(until=held.until - MINUTE - 1))
        assert take(connection, "sweep", "two", length=MINUTE)


def test_each_taking_has_a_fence_of_its_own(store: Store) -> None:
    with store.write() as connection:
        for owner in ("one", "one", "one"):
            take(connection, "sweep", owner, length=MINUTE)
        assert connection.execute(select(tables.lease.c.fence)).scalar_one() == 3


def test_of_many_at_once_one_gets_it(store: Store) -> None:
    def try_to_take(number: int) -> bool:
        with store.write() as connection:
            return take(connection, "sweep", f"worker {number}", length=MINUTE)

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(try_to_take, range(12))) == 1


def test_a_release_frees_those_of_the_dead_one_alone(store: Store) -> None:
    with store.write() as connection:
        take(connection, "sweep", "one", length=MINUTE)
        take(connection, "poll:shop", "two", length=MINUTE)
        release(connection, "one")
        assert take(connection, "sweep", "three", length=MINUTE)
        assert not take(connection, "poll:shop", "three", length=MINUTE)
        release(connection)
        assert take(connection, "sweep", "two", length=MINUTE)
        assert take(connection, "poll:shop", "three", length=MINUTE)
