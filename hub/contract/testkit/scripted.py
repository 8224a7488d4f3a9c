"""A connector whose counterpart does what a test scripted, and which counts effects."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from hub.contract.connector import (
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Item,
    Manifest,
    Outbound,
    Page,
    PushContext,
    Quality,
    Receipt,
    Support,
)
from hub.contract.errors import CrossdockError
from hub.contract.testkit.fakes import fake_context


class ScriptedConfig(ConnectorConfig):
    """Settings of the scripted connector."""

    idempotent: bool = Field(default=False, description="The counterpart ignores a key it has seen.")


@dataclass(frozen=True, slots=True)
class Applied:
    """A push that has its effect and then ends in `error`: the answer was lost on the way."""

    error: CrossdockError


PushAnswer = Receipt | CrossdockError | Applied
FindAnswer = Receipt | CrossdockError | None


class ScriptedConnector(Connector[ScriptedConfig]):
    """Answers push, pull and find in the order scripted; without a script as a counterpart that works.

    Unscripted: a push has its effect, a pull finds nothing, a find tells the truth. A scripted
    Receipt has its effect, an error has none, `Applied` has one and fails. `pushed` and
    `acknowledged` hold the calls in their order; `effects` counts by idempotency key.
    """

    name: ClassVar[str] = "scripted"
    family: ClassVar[Family] = Family.GENERIC
    Config: ClassVar[type[ConnectorConfig]] = ScriptedConfig
    emits: ClassVar[Mapping[str, str]] = {"scripted.order": "json"}
    accepts: ClassVar[Mapping[str, str]] = {"*": "json"}
    manifest: ClassVar[Manifest] = Manifest(
        title="Scripted counterpart",
        direction=frozenset({"pull", "push"}),
        signature=Quality(Support.EXEMPT, "receives no webhooks"),
        idempotency=Quality(Support.NO, "only with the setting `idempotent`"),
        ordering=Quality(Support.YES, "as scripted"),
        find=Quality(Support.YES, "counts its effects"),
        backoff=Quality(Support.EXEMPT, "no limits"),
        redaction=Quality(Support.EXEMPT, "holds no secrets"),
    )

    def __init__(self, config: ScriptedConfig | None = None, context: Context | None = None) -> None:
        super().__init__(config or ScriptedConfig(), context or fake_context())
        self.pushed: list[Outbound] = []
        self.acknowledged: list[str] = []
        self.effects: Counter[str] = Counter()
        self._pushes: deque[PushAnswer] = deque()
        self._finds: deque[FindAnswer] = deque()
        self._pulls: deque[Page | CrossdockError] = deque()

    @property
    def repeatable(self) -> bool:
        """Whether the counterpart ignores a key it has seen."""
        return self.config.idempotent

    def on_push(self, *answers: PushAnswer) -> None:
        """Script the next pushes."""
        self._pushes.extend(answers)

    def on_find(self, *answers: FindAnswer) -> None:
        """Script the next look-ups."""
        self._finds.extend(answers)

    def on_pull(self, *answers: Page | CrossdockError) -> None:
        """Script the next pulls."""
        self._pulls.extend(answers)

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Answer as scripted, counting the effect."""
        self.pushed.append(out)
        answer = self._pushes.popleft() if self._pushes else Receipt()
        if isinstance(answer, CrossdockError):
            raise answer
        if not (self.config.idempotent and self.effects[out.idempotency_key]):
            self.effects[out.idempotency_key] += 1
        if isinstance(answer, Applied):
            raise answer.error
        return answer

    async def find(self, out: Outbound) -> Receipt | None:
        """Answer as scripted; by default whether the effect was counted."""
        if not self._finds:
            return Receipt() if self.effects[out.idempotency_key] else None
        answer = self._finds.popleft()
        if isinstance(answer, CrossdockError):
            raise answer
        return answer

    async def pull(self, cursor: str | None) -> Page:
        """The next scripted page; after the last one nothing new."""
        if not self._pulls:
            return Page(items=[], cursor=cursor)
        answer = self._pulls.popleft()
        if isinstance(answer, CrossdockError):
            raise answer
        return answer

    async def ack(self, items: Sequence[Item]) -> None:
        """Record the keys."""
        self.acknowledged.extend(item.key for item in items)
