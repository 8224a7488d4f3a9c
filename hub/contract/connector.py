"""The connector contract: who calls what, when, and what each error leads to.

A connector speaks one system's language. Everything else is the hub's: storage, retries,
back-off, limits, ordering, deduplication, logs. A connector raises the errors of
`hub.contract.errors`, and each of them says what the hub does next.

A connector imports `hub.contract`, `connectors.formats` and `connectors.transports`, and no
other connector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from structlog.typing import FilteringBoundLogger

from hub.contract.clock import Clock
from hub.contract.errors import InDoubt
from hub.contract.format import Format


class Family(StrEnum):
    """What kind of system a connector speaks to."""

    STOREFRONT = "storefront"
    EDI = "edi"
    ERP = "erp"
    WMS = "wms"
    TMS = "tms"
    CRM = "crm"
    GENERIC = "generic"


class ConnectorConfig(BaseModel):
    """Base of a connector's own settings, the keys of `config/connections/*.yaml`.

    Describe every field: validation, JSON Schema and the docs come from it. Secrets are
    `SecretStr`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request at `/in/<connection>`, as it came. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Item:
    """One thing to be stored as a message.

    `key` is what the transport deduplicates on (a webhook's id; path, size and mtime of a
    file). With `content_in_key` the hub adds the hash of the body to it. `body` may come in
    chunks, so that a large file never sits in memory; it is read once, in a thread.
    """

    key: str
    type: str
    body: bytes | Iterable[bytes]
    name: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_in_key: bool = False


@dataclass(slots=True)
class Reception:
    """What a webhook brought, and the answer its sender must get once that is stored."""

    items: Sequence[Item]
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(slots=True)
class Page:
    """What a pull found. `items` and `cursor` are stored in one transaction.

    `more` asks for the next page at once instead of at the next scheduled time.
    """

    items: Sequence[Item]
    cursor: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Outbound:
    """One transmission to be sent: frozen bytes, the same at every attempt.

    `idempotency_key` is stable over attempts. `references` are the subject's own numbers at
    the target (kind to value). `attempt` counts from 1. `done` is what `checkpoint` last
    kept, empty at first.
    """

    transmission: str
    idempotency_key: str
    type: str
    name: str
    content_type: str
    body: bytes
    attempt: int = 1
    references: Mapping[str, str] = field(default_factory=dict)
    done: Mapping[str, Any] = field(default_factory=dict)


References = Mapping[str, str | Sequence[str]]
"""Numbers of a subject, kind to value, or to several values where it has several of a kind (tracking numbers)."""


def each_reference(references: References) -> Iterator[tuple[str, str]]:
    """Kind and value of each number."""
    for kind, values in references.items():
        for value in [values] if isinstance(values, str) else values:
            yield kind, value


@dataclass(frozen=True, slots=True)
class Receipt:
    """The counterpart took it.

    `references` are numbers it gave to the subject, kept under the connection's system. `note` is
    one line for people; `response` is kept with the attempt.
    """

    references: References = field(default_factory=dict)
    note: str = ""
    response: bytes = b""


@dataclass(frozen=True, slots=True)
class Health:
    """The outcome of `check`: one line for each thing looked at."""

    ok: bool
    findings: Sequence[str] = ()


class State(Protocol):
    """A connection's durable notes, small texts by key (a token, a host key)."""

    async def get(self, key: str) -> str | None:
        """The text kept under `key`, or None."""
        ...

    async def set(self, key: str, value: str) -> None:
        """Keep `value`; durable when this returns."""
        ...


class PushContext(Protocol):
    """What a push may ask of the hub."""

    async def checkpoint(self, done: Mapping[str, Any]) -> None:
        """Keep which steps are done; durable when this returns, and in `Outbound.done` next time."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What the hub hands to a connector when it opens it."""

    connection: str
    environment: str
    state: State
    clock: Clock
    log: FilteringBoundLogger


class Support(StrEnum):
    """How a quality is met."""

    YES = "yes"
    NO = "no"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class Quality:
    """One declared quality; an exemption says why it does not apply."""

    support: Support
    how: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a connector declares of itself; the contract suite holds it to it.

    `direction` is any of "receive" (webhooks), "pull" and "push".
    """

    title: str
    direction: frozenset[str]
    signature: Quality
    """Received bytes are authenticated."""
    idempotency: Quality
    """Sending the same transmission twice has one effect."""
    ordering: Quality
    """What the counterpart sends can be put in order."""
    find: Quality
    """Whether an effect happened can be looked up."""
    backoff: Quality
    """The counterpart's limits are honoured."""
    redaction: Quality
    """Secrets and personal data stay out of logs and errors."""


C = TypeVar("C", bound=ConnectorConfig)

BY_SETTINGS: Final = "by settings"
"""Stands in `emits` and `accepts` instead of a format's name: `Connector.formats` gives the format."""


class Connector(Generic[C]):
    """Base of all connectors: few methods, each with a default.

    Class variables: `name` is its `type` in YAML; `family` is its kind of system; `Config` its
    settings; `emits` and `accepts` map payload types to the format that decodes or encodes
    them (`{"shopify.order": "json"}`); `"*"` is any type. `payloads` are the models of payload
    types that it takes, where it has them: mappings are checked against those. `partner` names the
    settings that together tell one counterpart from all others. `manifest` its qualities.

    The constructor does no I/O. Calls of one instance may overlap.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    Config: ClassVar[type[ConnectorConfig]]
    emits: ClassVar[Mapping[str, str]] = {}
    accepts: ClassVar[Mapping[str, str]] = {}
    payloads: ClassVar[Mapping[str, type[BaseModel]]] = {}
    partner: ClassVar[Sequence[str]] = ()
    manifest: ClassVar[Manifest]

    def __init__(self, config: C, context: Context) -> None:
        self.config = config
        self.context = context

    @classmethod
    def formats(cls, config: C) -> Mapping[str, Format]:
        """The formats of payload types that `emits` and `accepts` leave to the settings; no I/O."""
        return {}

    @property
    def repeatable(self) -> bool:
        """Whether a transmission in doubt may simply be sent again, since the target knows its key.

        By default what the manifest says of idempotency.
        """
        return self.manifest.idempotency.support is Support.YES

    async def open(self) -> None:
        """Called once before anything else; makes clients, sends nothing."""

    async def close(self) -> None:
        """Called once at the end; never raises."""

    async def check(self) -> Health:
        """For `crossdock connections test`: credentials, scopes, reachability; consumes nothing."""
        return Health(ok=True)

    def receive(self, request: Request) -> Reception:
        """Verify the raw bytes of a webhook and say what to store and what to answer.

        Called in the web process for every request, before `open`; no I/O. Raises
        SignatureRefused or another ReceptionRefused, and nothing is stored.
        """
        raise NotImplementedError

    async def pull(self, cursor: str | None) -> Page:
        """Fetch what is new. One pull of a connection runs at a time, over all workers.

        `cursor` is what the last stored page returned. TransientError tries again later.
        """
        raise NotImplementedError

    async def ack(self, items: Sequence[Item]) -> None:
        """Confirm (move the files): called only after the page is stored.

        Called again, after the next pull, for what the hub finds it had stored already.
        """

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Send one transmission.

        Raises TransientError only where nothing can have happened; InDoubt where it may
        have; RejectedMessage where it never will; Duplicate where it had happened.
        """
        raise NotImplementedError

    async def find(self, out: Outbound) -> Receipt | None:
        """Look up whether a transmission in doubt arrived: its receipt, or None if surely not.

        Raises InDoubt where that cannot be told; a person then decides.
        """
        raise InDoubt("This system offers no look-up; see at the counterpart whether it arrived.")
