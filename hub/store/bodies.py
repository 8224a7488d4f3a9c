"""Bodies of messages and transmissions, in chunks, so that a large file never sits in memory."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, bindparam, select

from hub.store.statements import Row
from hub.store.tables import body

CHUNK = 256 * 1024

_READ = select(body.c.data).where(body.c.owner == bindparam("owner"), body.c.chunk == bindparam("chunk"))
_READ_FIRST = select(body.c.owner, body.c.data).where(
    body.c.owner.in_(bindparam("owners", expanding=True)), body.c.chunk == 0
)


def rows_of(owner: str, content: bytes) -> list[Row]:
    """The rows of a body that is in memory; one, empty, for an empty body."""
    starts = range(0, len(content), CHUNK) if content else (0,)
    return [
        {"owner": owner, "chunk": number, "data": content[start : start + CHUNK]} for number, start in enumerate(starts)
    ]


def read_stream(connection: Connection, owner: str) -> Iterator[bytes]:
    """A body in chunks."""
    number = 0
    while (data := connection.execute(_READ, {"owner": owner, "chunk": number}).scalar()) is not None:
        yield data
        number += 1


def read_whole(connection: Connection, owner: str) -> bytes:
    """A body at once, for what is known to be small."""
    return b"".join(read_stream(connection, owner))


def read_small(connection: Connection, owners: list[str]) -> dict[str, bytes]:
    """The first chunk of each body: all of it for what is not larger than `CHUNK`."""
    rows = connection.execute(_READ_FIRST, {"owners": owners})
    return {row.owner: row.data for row in rows}
