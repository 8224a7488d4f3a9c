"""Leaves a file exactly once; see `connectors.transports.files` for the rule that makes it so."""

from __future__ import annotations

from connectors.transports._file_calls import call, retriable
from connectors.transports._file_names import checked, joined
from hub.contract.connector import Outbound, PushContext, Receipt
from hub.contract.errors import Duplicate, RejectedMessage
from hub.contract.transport import FileTransport

_WRITTEN = "written"
"""Key of the checkpoint: the name the file is to get, noted once its bytes are there."""


async def publish(transport: FileTransport, out: Outbound, context: PushContext, directory: str, name: str) -> Receipt:
    """Leave `out.body` as `name` in `directory`, never over another file.

    A name that is taken is refused (RejectedMessage), since receivers key on names and a
    second name could be processed out of turn or twice: send again once the counterpart has
    taken the first file. The same bytes under that name are a Duplicate. Raises
    TransientError where the file is not there, and InDoubt where the connection was cut in
    the renaming, which `find_published` or the next push settles.
    """
    temporary = _temporary(out, directory)
    if _WRITTEN not in out.done:
        target = joined(directory, checked(name))
        await call(transport, _write, transport, temporary, target, out.body)
        await context.checkpoint({**out.done, _WRITTEN: name})
    else:
        target = joined(directory, out.done[_WRITTEN])
    return await call(transport, _give_name, transport, temporary, target)


async def find_published(transport: FileTransport, out: Outbound, directory: str, name: str) -> Receipt | None:
    """Whether what `publish` left has arrived: None if it surely has not, and may be pushed again."""
    target = joined(directory, out.done.get(_WRITTEN) or checked(name))
    return await call(transport, _find, transport, out, _temporary(out, directory), target)


def _temporary(out: Outbound, directory: str) -> str:
    return joined(directory, f".{checked(out.transmission)}.part")


def _write(transport: FileTransport, temporary: str, target: str, body: bytes) -> None:
    """Write under the temporary name, which an earlier attempt may have written in part."""
    if transport.exists(target):
        if _holds(transport, target, body):
            raise Duplicate(f"{target} is there already, with the same content.", path=target)
        raise _taken(target)
    with retriable():
        transport.write(temporary, body)


def _give_name(transport: FileTransport, temporary: str, target: str) -> Receipt:
    if transport.rename(temporary, target):
        return Receipt(note=f"Left as {target}.")
    if transport.exists(temporary):
        raise _taken(target)
    return _arrived(transport, target)


def _find(transport: FileTransport, out: Outbound, temporary: str, target: str) -> Receipt | None:
    if transport.exists(temporary):
        return None
    if _WRITTEN in out.done:
        return _arrived(transport, target)
    return Receipt(note=f"Left as {target}.") if _holds(transport, target, out.body) else None


def _arrived(transport: FileTransport, target: str) -> Receipt:
    where = "it is there" if transport.exists(target) else "the counterpart has taken it"
    return Receipt(note=f"Left as {target} by an earlier attempt; {where}.")


def _holds(transport: FileTransport, path: str, body: bytes) -> bool:
    """Whether a file is there and has exactly these bytes."""
    if not transport.exists(path):
        return False
    rest = memoryview(body)
    for chunk in transport.read(path):
        if rest[: len(chunk)] != chunk:
            return False
        rest = rest[len(chunk) :]
    return not rest


def _taken(target: str) -> RejectedMessage:
    return RejectedMessage(
        f"{target} is taken by another file, which is not overwritten. Send again once the counterpart has taken it.",
        path=target,
    )
