"""Runs the calls of a file transport in threads, one call at a time per transport.

Each transport has one thread of its own, so that a slow server holds up its own calls only,
and a cancelled caller never lets two calls overlap. A thread ends with its transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from hub.contract.errors import InDoubt, TransientError
from hub.contract.transport import FileTransport

P = ParamSpec("P")
T = TypeVar("T")

_threads: WeakKeyDictionary[FileTransport, ThreadPoolExecutor] = WeakKeyDictionary()
_lock = Lock()


async def call(transport: FileTransport, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(*args)`, a method of `transport`, in the transport's thread.

    Raises what the function raises.
    """
    return await asyncio.get_running_loop().run_in_executor(_thread(transport), partial(function, *args, **kwargs))


def read(transport: FileTransport, path: str) -> Iterator[bytes]:
    """A file's chunks, for a caller in another thread; each is read in the transport's thread."""
    thread = _thread(transport)
    chunks = thread.submit(transport.read, path).result()
    try:
        while (chunk := thread.submit(next, chunks, None).result()) is not None:
            yield chunk
    finally:
        # Not waited for: a reader given up may be finalized in the transport's own thread.
        thread.submit(_close, chunks)


def call_now(transport: FileTransport, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Like `call`, for a caller in another thread, which waits."""
    return _thread(transport).submit(partial(function, *args, **kwargs)).result()


@contextmanager
def retriable() -> Iterator[None]:
    """For a change that may be made again: what is in doubt about it becomes a TransientError."""
    try:
        yield
    except InDoubt as error:
        raise TransientError(error.message, detail=error.detail, **error.where) from error


def _close(chunks: Iterator[bytes]) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


def _thread(transport: FileTransport) -> ThreadPoolExecutor:
    with _lock:
        thread = _threads.get(transport)
        if thread is None:
            thread = _threads[transport] = ThreadPoolExecutor(1, thread_name_prefix="files")
        return thread
