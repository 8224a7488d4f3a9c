"""Intake of webhooks: what arrives is stored before anyone is told that it arrived.

Commits are grouped: while one transaction is being made durable, whatever else arrives waits
for the next one, so that many requests share one flush to disk. Deduplication on the
transport's key happens in the same transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from hub.contract.clock import Clock
from hub.contract.connector import Item
from hub.contract.ids import new_id
from hub.store import Store, tables
from hub.store.bodies import rows_of
from hub.store.statements import Row, dumps, insert_new_rows, insert_rows
from hub.store.states import MessageState
from hub.store.texts import shown

LONGEST_KEY = 900
"""Characters of a transport's key that are kept as they are."""

GROUP = 256
"""How many arrivals share one transaction at most."""

_SEEN = select(tables.seen.c.key, tables.seen.c.first).where(
    tables.seen.c.scope == bindparam("seen_scope"), tables.seen.c.key.in_(bindparam("keys", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An item that is stored: the message's id, and whether it was there before."""

    message: str
    duplicate: bool


@dataclass(slots=True)
class _Arrival:
    connection: str
    id: str
    row: Row
    bodies: list[Row]
    done: asyncio.Future[Accepted]


class Intake:
    """Stores webhooks in grouped transactions. One per process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._arrivals: list[_Arrival] = []
        self._pump: asyncio.Task[None] | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="intake")

    async def accept(self, connection: str, items: Sequence[Item]) -> list[Accepted]:
        """Store the items of one request; durable when this returns."""
        arrivals = [self._arrival(connection, item) for item in items]
        self._arrivals.extend(arrivals)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._drain_arrivals())
        return [await arrival.done for arrival in arrivals]

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._pump is not None:
            await self._pump
        self._executor.shutdown()

    def _arrival(self, connection: str, item: Item) -> _Arrival:
        content = item.body if isinstance(item.body, bytes) else b"".join(item.body)
        digest = hashlib.sha256(content).hexdigest()
        id_ = new_id()
        row = message_row(id_, connection, item, size=len(content), sha256=digest, at=self._clock.now())
        future = asyncio.get_running_loop().create_future()
        return _Arrival(connection, id_, row, rows_of(id_, content), future)

    async def _drain_arrivals(self) -> None:
        loop = asyncio.get_running_loop()
        while self._arrivals:
            group, self._arrivals = self._arrivals[:GROUP], self._arrivals[GROUP:]
            try:
                firsts = await loop.run_in_executor(self._executor, self._commit, group)
            except Exception as error:  # noqa: BLE001 - whatever it is, each caller must hear of it
                for arrival in group:
                    if not arrival.done.done():
                        arrival.done.set_exception(error)
                continue
            for arrival in group:
                first = firsts[arrival.id]
                if not arrival.done.done():
                    arrival.done.set_result(Accepted(first, duplicate=first != arrival.id))

    def _commit(self, group: list[_Arrival]) -> dict[str, str]:
        with self._store.write() as connection:
            firsts = claim_keys(connection, [arrival.row for arrival in group])
            new = [arrival for arrival in group if firsts[arrival.id] == arrival.id]
            insert_rows(connection, tables.message, [arrival.row for arrival in new])
            insert_rows(connection, tables.body, [row for arrival in new for row in arrival.bodies])
        return firsts


def message_row(id_: str, connection: str, item: Item, *, size: int, sha256: str, at: int) -> Row:
    """The row of a message that has just arrived."""
    return {
        "id": id_,
        "connection": connection,
        "type": item.type,
        "name": shown(item.name, 500),
        "content_type": shown(item.content_type, 200),
        "headers": dumps(dict(item.headers)),
        "transport_key": _transport_key(item, sha256),
        "size": size,
        "sha256": sha256,
        "received_at": at,
        "state": MessageState.RECEIVED,
        "reason": None,
        "cursor": 0,
        "drained_at": None,
        "lease_owner": None,
        "lease_until": None,
        "fence": 0,
        "claims": 0,
    }


def _transport_key(item: Item, sha256: str) -> str:
    """The key, one that is too long for its column by its hash, so that no two become the same."""
    key = (
        item.key
        if len(item.key) <= LONGEST_KEY
        else f"sha256:{hashlib.sha256(item.key.encode(errors='surrogatepass')).hexdigest()}"
    )
    return shown(f"{key}:{sha256}" if item.content_in_key else key)


def claim_keys(connection: Connection, rows: list[Row]) -> dict[str, str]:
    """For each message the id of the one that had its transport key first, be it itself."""
    firsts: dict[str, str] = {}
    for name in {row["connection"] for row in rows}:
        own = [row for row in rows if row["connection"] == name]
        scope = f"transport:{name}"
        claims = [
            {"scope": scope, "key": row["transport_key"], "first": row["id"], "at": row["received_at"]} for row in own
        ]
        insert_new_rows(connection, tables.seen, claims)
        keys = {claim["key"] for claim in claims}
        found = connection.execute(_SEEN, {"seen_scope": scope, "keys": list(keys)})
        by_key = {row.key: row.first for row in found}
        firsts.update({row["id"]: by_key[row["transport_key"]] for row in own})
    return firsts
