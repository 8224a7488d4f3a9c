"""Leases by name: one holder at a time over all workers, by the database's clock."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, or_, update

from hub.store.engine import database_now
from hub.store.statements import insert_new_rows
from hub.store.tables import lease

_TAKE = (
    update(lease)
    .where(
        lease.c.name == bindparam("lease_name"),
        or_(lease.c.until < database_now(), lease.c.owner == bindparam("holder")),
    )
    .values(owner=bindparam("holder"), until=database_now() + bindparam("length"), fence=lease.c.fence + 1)
)


def take(connection: Connection, name: str, owner: str, *, length: int) -> bool:
    """Take or keep a lease for `length` microseconds; False if another holds it."""
    insert_new_rows(connection, lease, [{"name": name, "owner": owner, "until": 0, "fence": 0}])
    return connection.execute(_TAKE, {"lease_name": name, "holder": owner, "length": length}).rowcount == 1


def give_back(connection: Connection, name: str, owner: str) -> None:
    """Give a lease back before it ends."""
    connection.execute(update(lease).where(lease.c.name == name, lease.c.owner == owner).values(until=0))


def release(connection: Connection, owner: str | None = None) -> None:
    """Free the leases of a dead holder; without a name all. Only where it is certain that they are dead."""
    connection.execute(delete(lease) if owner is None else delete(lease).where(lease.c.owner == owner))
