"""Stand-ins for both sides of a story."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.contract.errors import CrossdockError, RejectedMessage
from hub.runtime.sandbox.play import Check, Outcome
from hub.runtime.sandbox.story import Step, Story
from hub.source import Location


class ScriptedHub:
    """A hub whose rows a test writes; commands are recorded, `break` fails."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.failed: list[dict[str, Any]] = []
        self.arrived: list[dict[str, Any]] = []
        self.commands: list[list[str]] = []
        self.looks = 0
        self.on_look: Callable[[int], object] = int

    async def order(self, number: str) -> dict[str, Any] | None:
        self.looks += 1
        self.on_look(self.looks)
        return self.orders.get(number)

    async def failures(self) -> list[dict[str, Any]]:
        return self.failed

    async def messages(self, **filters: str) -> list[dict[str, Any]]:
        return [row for row in self.arrived if filters.items() <= row.items()]

    async def command(self, words: list[str]) -> str:
        if words == ["break"]:
            raise RejectedMessage("There is no command 'break'.")
        self.commands.append(words)
        return f"did {words[0]}"


class ScriptedCounterparts:
    """Counterparts that count what they were told."""

    def __init__(self, **states: Any) -> None:
        self.states = states
        self.acts: list[tuple[str, str, Mapping[str, Any]]] = []
        self.faults: list[tuple[str, str, int]] = []

    async def act(self, name: str, action: str, arguments: Mapping[str, Any]) -> Any:
        if action == "refuse":
            raise CrossdockError(f"{name} knows no such thing.")
        self.acts.append((name, action, arguments))

    async def state(self, name: str) -> Any:
        return self.states[name]

    async def misbehave(self, name: str, fault: str, times: int) -> None:
        self.faults.append((name, fault, times))


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.outputs: list[str] = []
        self.checks: list[Check] = []
        self.story: Story | None = None
        self.outcome: Outcome | None = None

    def began(self, story: Story) -> None:
        self.story = story

    def step(self, number: int, step: Step, place: Location) -> None:
        self.steps.append(f"{number} {step} ({place})")

    def output(self, text: str) -> None:
        self.outputs.append(text)

    def checked(self, check: Check) -> None:
        self.checks.append(check)

    def ended(self, outcome: Outcome) -> None:
        self.outcome = outcome
