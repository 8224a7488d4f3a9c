"""Stories: what happens in a sandbox and what must come of it, in YAML.

    story: demo
    title: From the shop to the ERP and back
    counterparts:
      acme-shop:
        simulator: shopify
        settings: {shop: acme.example}
        env: {ACME_SHOP_URL: url, ACME_SHOP_TOKEN: token}   # variable of the hub's process: key of the endpoint
    steps:
      - title: A customer orders
        act: {counterpart: acme-shop, action: place_order, arguments: {number: "#1001"}}
      - misbehave: {counterpart: acme-shop, fault: error_500, times: 2}
      - run: crossdock crosswalk add sap/materials MUG-BLUE 100-204
      - title: The ERP has it, once
        expect:
          - {counterpart: acme-sap, path: documents.#1001.orders, equals: 1, stays: true}
        within: 30s

A step is one of `act`, `misbehave`, `run` (a command line, as one would type it) and `expect`
(looked at again and again until all of it holds, for 20 s unless `within` says otherwise).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hub.contract.errors import ConfigError
from hub.contract.registry import connector_types, nearest
from hub.runtime.sandbox.counterpart import Counterpart, Name, jsonable
from hub.runtime.sandbox.expectation import Expectation
from hub.source import Location, Node, Problems, parse, validate
from hub.source import Mapping as MappingNode
from hub.source import Sequence as SequenceNode
from hub.workspace.units import Duration

COMMAND = "crossdock"


class StoryCounterpart(Counterpart):
    """A counterpart, and how the hub's process learns where it is."""

    env: dict[str, str] = Field(
        default_factory=dict, description="Environment variables of the hub, and which key of the endpoint each gets."
    )


class Act(BaseModel):
    """What a counterpart's user does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counterpart: str
    action: str
    arguments: Annotated[dict[str, Any], AfterValidator(jsonable)] = Field(default_factory=dict)


class Misbehave(BaseModel):
    """What goes wrong at a counterpart, and how often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counterpart: str
    fault: str
    times: int = Field(default=1, ge=1)


def _command(line: str) -> str:
    words = shlex.split(line)
    if words[:1] != [COMMAND] or len(words) == 1:
        raise ValueError(f"a command line begins with `{COMMAND}`, such as `{COMMAND} orders list`")
    return line


class Step(BaseModel):
    """One step: exactly one of act, misbehave, run and expect."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(default="", description="What is shown while it is played.")
    act: Act | None = None
    misbehave: Misbehave | None = None
    run: Annotated[str, AfterValidator(_command)] | None = None
    expect: list[Expectation] = Field(default_factory=list)
    within: Duration = Field(default=timedelta(seconds=20), description="How long `expect` may take to hold.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.act, self.misbehave, self.run, self.expect))) != 1:
            raise ValueError("a step is exactly one of act, misbehave, run and expect")
        if "within" in self.model_fields_set and not self.expect:
            raise ValueError("`within` belongs to `expect`")
        return self

    @property
    def words(self) -> list[str]:
        """The words of `run` behind the program's name."""
        return shlex.split(self.run or "")[1:]

    def __str__(self) -> str:
        """Its title, or what it does."""
        if self.title:
            return self.title
        if self.act:
            return f"{self.act.counterpart}: {self.act.action}"
        if self.misbehave:
            return f"{self.misbehave.counterpart}: {self.misbehave.fault}"
        return self.run or "; ".join(map(str, self.expect))


class StoryFile(BaseModel):
    """The file as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    story: Name
    title: str
    counterparts: dict[Name, StoryCounterpart] = Field(min_length=1)
    steps: list[Step] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Story:
    """A story that was read; `places` are where its steps stand, in their order."""

    name: str
    title: str
    counterparts: Mapping[str, StoryCounterpart]
    steps: tuple[Step, ...]
    places: tuple[Location, ...]


def read_story(text: bytes | str, file: str) -> Story:
    """The story in a file; ConfigurationRefused with every problem and its place."""
    problems = Problems()
    node = parse(text, file, problems)
    found = validate(StoryFile, node, problems) if node is not None else None
    if node is not None and found is not None:
        _check_names(found, node, problems)
    problems.raise_if_errors()
    if node is None or found is None:
        raise ConfigError(f"{file} is empty; a story has the keys story, title, counterparts and steps.", file=file)
    places = tuple(step.location for step in _items(_child(node, "steps")))
    return Story(found.story, found.title, found.counterparts, tuple(found.steps), places)


def environment_of(story: Story, endpoints: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The variables that tell the hub's process where the counterparts are.

    ConfigError names a key that an endpoint does not have, with those it has.
    """
    found: dict[str, str] = {}
    for name, counterpart in story.counterparts.items():
        endpoint = endpoints[name]
        for variable, key in counterpart.env.items():
            if key not in endpoint:
                raise ConfigError(
                    f"The story {story.name!r} sets {variable} from {name}'s {key!r}, which its simulator does not give"
                    f"{nearest(key, endpoint)}; it gives {', '.join(sorted(endpoint))}.",
                    value=key,
                )
            found[variable] = endpoint[key]
    return found


def _check_names(found: StoryFile, node: Node, problems: Problems) -> None:
    """Counterparts that no step may name, and simulators that are not there."""
    for name, counterpart in found.counterparts.items():
        if counterpart.simulator not in connector_types():
            place = _child(_child(_child(node, "counterparts"), name), "simulator")
            message = f"there is no connector {counterpart.simulator!r}"
            problems.error(
                "unknown-connector", message, place.location, nearest(counterpart.simulator, connector_types())
            )
    for step, place in zip(found.steps, _items(_child(node, "steps")), strict=True):
        for name, at in _named(step, place):
            if name not in found.counterparts:
                message = f"there is no counterpart {name!r}"
                problems.error("unknown-counterpart", message, at, nearest(name, found.counterparts))


def _named(step: Step, node: Node) -> list[tuple[str, Location]]:
    """The counterparts a step names, each with its place."""
    found = [
        (deed.counterpart, _child(_child(node, key), "counterpart").location)
        for key, deed in (("act", step.act), ("misbehave", step.misbehave))
        if deed is not None
    ]
    for expectation, at in zip(step.expect, _items(_child(node, "expect")), strict=True):
        if expectation.counterpart is not None:
            found.append((expectation.counterpart, _child(at, "counterpart").location))
    return found


def _child(node: Node, key: str) -> Node:
    """The value of a key; the node itself where there is none, since its place is near."""
    found = node.get(key) if isinstance(node, MappingNode) else None
    return found or node


def _items(node: Node) -> list[Node]:
    return node.items if isinstance(node, SequenceNode) else []
