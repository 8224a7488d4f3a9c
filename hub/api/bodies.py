"""Bodies for download: the bytes of a message as they came, of a delivery as they were sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import quote

from sqlalchemy import select
from starlette.responses import StreamingResponse

from hub.operations.errors import NotFound
from hub.operations.ids import resolve
from hub.store import Store
from hub.store.bodies import read_stream
from hub.store.tables import delivery, message, transmission

BYTES = "application/octet-stream"
"""What every body is served as: what came from outside must not be shown as a page."""


def download_message(store: Store, id_: str) -> StreamingResponse:
    """The bytes of a message, by its id or the end of it."""
    with store.read() as connection:
        whole = resolve(connection, message, id_)
        row = connection.execute(select(message.c.name, message.c.size).where(message.c.id == whole)).one()
    return _attachment(store, whole, row.name, row.size)


def download_delivery(store: Store, id_: str) -> StreamingResponse:
    """The bytes that carry a delivery; NotFound before they are made."""
    with store.read() as connection:
        whole = resolve(connection, delivery, id_)
        statement = (
            select(transmission.c.id, transmission.c.name, transmission.c.size)
            .join(delivery, delivery.c.transmission == transmission.c.id)
            .where(delivery.c.id == whole)
        )
        row = connection.execute(statement).first()
    if row is None:
        raise NotFound("Its bytes are not made yet.", value=id_)
    return _attachment(store, row.id, row.name, row.size)


def _attachment(store: Store, owner: str, name: str, size: int) -> StreamingResponse:
    file = quote(PurePosixPath(name).name or owner, safe="")
    headers = {
        "content-length": str(size),
        "content-disposition": f"attachment; filename*=UTF-8''{file}",
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(_chunks(store, owner), headers=headers, media_type=BYTES)


def _chunks(store: Store, owner: str) -> Iterator[bytes]:
    with store.read() as connection:
        yield from read_stream(connection, owner)
