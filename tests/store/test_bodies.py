"""Bodies are read as they were written, whatever their size."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.contract.ids import new_id
from hub.store import Store, tables
from hub.store.bodies import CHUNK, read_small, read_stream, read_whole, rows_of
from hub.store.statements import insert_rows


def keep(store: Store, *contents: bytes) -> list[str]:
    ids = [new_id() for _ in contents]
    with store.write() as connection:
        for id_, content in zip(ids, contents, strict=True):
            insert_rows(connection, tables.body, rows_of(id_, content))
    return ids


@pytest.mark.parametrize(
    ("size", "chunks"),
    [
        (0, [0]),
        (1, [1]),
        (CHUNK - 1, [CHUNK - 1]),
        (CHUNK, [CHUNK]),
        (CHUNK + 1, [CHUNK, 1]),
        (3 * CHUNK + 5, [CHUNK, CHUNK, CHUNK, 5]),
    ],
)
def test_a_body_is_read_in_the_chunks_it_was_written_in(store: Store, size: int, chunks: list[int]) -> None:
    content = os.urandom(size)
    (id_,) = keep(store, content)
    with store.read() as connection:
        read = list(read_stream(connection, id_))
        assert [len(chunk) for chunk in read] == chunks
        assert b"".join(read) == content
        assert read_whole(connection, id_) == content
        rows = select(func.count()).select_from(tables.body).where(tables.body.c.owner == id_)
        assert connection.execute(rows).scalar_one() == len(chunks)


def test_small_bodies_are_read_at_once_and_told_apart(store: Store) -> None:
    contents = [b"", b"\x00\xff", os.urandom(CHUNK)]
    ids = keep(store, *contents)
    with store.read() as connection:
        assert read_small(connection, ids) == dict(zip(ids, contents, strict=True))
        assert read_small(connection, ids[:1]) == {ids[0]: b""}


def test_a_body_that_is_not_there_is_empty(store: Store) -> None:
    with store.read() as connection:
        assert list(read_stream(connection, new_id())) == []


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=50), times=st.integers(0, 12_000))
def test_rows_put_together_are_the_content(content: bytes, times: int) -> None:
    whole = content * times
    rows = rows_of("owner", whole)
    assert b"".join(row["data"] for row in rows) == whole
    assert [row["chunk"] for row in rows] == list(range(len(rows)))
    assert all(len(row["data"]) == CHUNK for row in rows[:-1])
