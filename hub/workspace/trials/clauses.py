"""The shape of tests of whole pipelines: their keys, as pydantic models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, Discriminator, Field, Tag, model_validator

from hub.workspace.trials.expected import Clause, ExpectClause
from hub.workspace.units import Duration

BEGIN: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When a test begins that names no time: a Monday morning."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between which a test begins: around it there must be room for waits and zones."""

Tables = dict[str, dict[str, str]]
"""Crosswalk to value to code."""


class MessageClause(Clause):
    """Something arrives."""

    connection: str | None = Field(default=None, description="Where it arrives; by default at the pipeline's own.")
    type: str | None = Field(default=None, description="Its payload type; by default the pipeline's only one.")
    input: Any = Field(description="What arrives: a tree, the text itself, or `{$file: path}`.")
    changes: dict[str, Any] = Field(
        default_factory=dict, description="What is different in it: place (`line_items.0.quantity`) to value."
    )
    headers: dict[str, str] = Field(default_factory=dict, description="Headers it comes with.")
    key: str | None = Field(
        default=None, description="By what the transport tells repeats; by default each message has its own."
    )
    name: str = Field(default="", description="Its name, as a file or a webhook has one.")


class FaultClause(Clause):
    """A counterpart fails at what it is sent next."""

    connection: str = Field(description="Whose counterpart fails.")
    error: Literal["transient", "in_doubt", "rejected", "auth", "duplicate"] = Field(description="How it fails.")
    type: str | None = Field(default=None, description="Only at payloads of this type.")
    message: str = Field(default="The test makes it fail.", min_length=1, description="What it says.")
    times: int = Field(default=1, ge=1, description="How often.")
    retry_after: Duration | None = Field(default=None, description="The least wait it asks for; with `transient`.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.retry_after is not None and self.error != "transient":
            raise ValueError("'retry_after' belongs to {error: transient}")
        return self


class AnswerClause(Clause):
    """What a counterpart says to what it is sent next, and takes."""

    connection: str = Field(description="Whose counterpart says it.")
    type: str | None = Field(default=None, description="Only to payloads of this type.")
    references: dict[str, str | list[str]] = Field(default_factory=dict, description="Numbers it gives: kind to value.")
    note: str = Field(default="", description="A line for people.")
    times: int = Field(default=1, ge=1, description="How often.")


class ReplayClause(Clause):
    """A person replays what failed."""

    order: str | None = Field(default=None, description="What failed of this order.")
    connection: str | None = Field(default=None, description="What failed at this connection.")
    mode: Literal["reprocess", "resend"] = Field(default="reprocess", description="Made anew, or the same bytes.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.order is None) == (self.connection is None):
            raise ValueError("say what to replay: {order: NUMBER}, {connection: NAME}, or `all`")
        return self


def _all_or_some(value: Any) -> str:
    return "some" if isinstance(value, dict) else "all"


Replayed = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[ReplayClause, Tag("some")], Discriminator(_all_or_some)
]


class SettleClause(Clause):
    """A person decides on the one delivery to a connection that is dead or in doubt."""

    connection: str = Field(description="Connection it goes to.")
    decision: Literal["delivered", "not-delivered", "drop"] = Field(description="What the person found out, or wants.")
    references: dict[str, str] = Field(default_factory=dict, description="Numbers the counterpart gave it.")


class StepClause(Clause):
    """One step: exactly one of its keys."""

    message: MessageClause | None = Field(default=None, description="Something arrives, and the hub works on it.")
    fault: FaultClause | None = Field(default=None, description="A counterpart will fail.")
    answer: AnswerClause | None = Field(default=None, description="What a counterpart will say.")
    wait: Duration | None = Field(default=None, description="Time passes, and what becomes due is done.")
    crosswalk: Tables | None = Field(default=None, description="A person adds rows: crosswalk to value to code.")
    replay: Replayed | None = Field(default=None, description="A person replays what failed.")
    settle: SettleClause | None = Field(default=None, description="A person decides on a delivery.")
    resume: str | None = Field(default=None, description="A person lets a paused connection run again.")
    expect: ExpectClause | None = Field(default=None, description="What must be so now.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1 or self.deed is None:
            raise ValueError(f"a step is exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def deed(self) -> Any:
        """The value of its one key."""
        return getattr(self, next(iter(self.model_fields_set)))


class GivenClause(Clause):
    """What stands in for the workspace's own."""

    crosswalk: Tables = Field(
        default_factory=dict, description="Code tables instead of the workspace's: crosswalk to value to code."
    )


class TrialClause(Clause):
    """One test: steps, or `input` and `expect` for one message and what comes of it."""

    name: str = Field(min_length=1, description="What it shows, in words.")
    at: AwareDatetime = Field(
        default=BEGIN, ge=_FIRST, lt=_LAST, description="When it begins; time passes only where a step waits."
    )
    given: GivenClause = Field(default_factory=GivenClause, description="What stands in for the workspace's own.")
    connection: str | None = Field(default=None, description="With `input`: where it arrives.")
    type: str | None = Field(default=None, description="With `input`: its payload type.")
    input: Any = Field(default=None, description="The one message that arrives.")
    expect: ExpectClause | None = Field(default=None, description="With `input`: what must be so then.")
    steps: list[StepClause] = Field(default_factory=list, description="What happens, and what must be so.")

    @model_validator(mode="after")
    def _long_or_short(self) -> Self:
        short = {"connection", "type", "input", "expect"} & self.model_fields_set
        if bool(short) == bool(self.steps) or (short and not {"input", "expect"} <= short):
            raise ValueError("a test has either steps, or input and expect")
        if self.steps and all(step.expect is None for step in self.steps):
            raise ValueError("a test expects something: add a step {expect: …}")
        return self


class TrialFile(Clause):
    """The keys of `pipelines/**/*.test.yaml`."""

    pipeline: str | None = Field(default=None, description="The pipeline it tests; tests of several name none.")
    tests: list[TrialClause] = Field(min_length=1, description="The tests.")
