"""Counterparts as a test plays them: what each says to what it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.contract.connector import Connector, ConnectorConfig, Context, Outbound, PushContext, Receipt
from hub.contract.errors import AuthError, CrossdockError, Duplicate, InDoubt, RejectedMessage, TransientError
from hub.workspace import Connection

_ERRORS: Final[Mapping[str, type[CrossdockError]]] = {
    "auth": AuthError,
    "duplicate": Duplicate,
    "in_doubt": InDoubt,
    "rejected": RejectedMessage,
    "transient": TransientError,
}


@dataclass(slots=True)
class Part:
    """What a counterpart says to its next `times` payloads, of `type` if that is named.

    Either it takes them, with a receipt; or it fails by an error of the contract, by its code.
    `retry_after` is in seconds.
    """

    type: str | None = None
    times: int = 1
    receipt: Receipt | None = None
    error: str = ""
    message: str = ""
    retry_after: float | None = None

    def fails(self) -> CrossdockError:
        """The error that it fails by."""
        if self.error == "transient":
            return TransientError(self.message, retry_after=self.retry_after)
        return _ERRORS[self.error](self.message)


class Script:
    """The parts of one counterpart, those that come first played first; without one it takes what it gets."""

    def __init__(self) -> None:
        self._parts: list[Part] = []

    def add(self, part: Part) -> None:
        """Play it once what came before it is played."""
        self._parts.append(part)

    def take(self, out: Outbound) -> Receipt:
        """The receipt of what is sent; raises what its part fails by. Failures come before answers."""
        fault = self._next(out, fails=True)
        if fault is not None:
            raise fault.fails()
        return self._receipt(out)

    def _receipt(self, out: Outbound) -> Receipt:
        answer = self._next(out, fails=False)
        return answer.receipt if answer is not None and answer.receipt is not None else Receipt()

    def _next(self, out: Outbound, *, fails: bool) -> Part | None:
        for part in self._parts:
            if bool(part.error) is fails and part.type in (None, out.type):
                part.times -= 1
                if not part.times:
                    self._parts.remove(part)
                return part
        return None


class _Played(Connector[ConnectorConfig]):
    """A connector with all that reaches its system taken out; what it declares of itself stays."""

    script: Script

    def __init__(self, config: ConnectorConfig, context: Context) -> None:
        # Not what the connector makes of its settings: some of them may be unread.
        Connector.__init__(self, config, context)

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        return self.script.take(out)

    async def find(self, out: Outbound) -> Receipt | None:
        return None  # What failed never arrived.


def played(connection: Connection, script: Script, context: Context) -> Connector[Any]:
    """The connector of a connection, whose counterpart plays a script."""
    real = connection.connector
    made: Connector[Any] = type(f"Played{real.__name__}", (_Played, real), {"script": script})(
        connection.outline, context
    )
    return made
