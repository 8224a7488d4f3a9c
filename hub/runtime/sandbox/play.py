"""Plays a story: acts, looks, and tells a listener what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from hub.contract.errors import CrossdockError
from hub.runtime.sandbox.expectation import Expectation
from hub.runtime.sandbox.story import Step, Story
from hub.source import Location

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.25


class Hub(Protocol):
    """What a story may look at and do in the hub. Its errors are CrossdockErrors."""

    async def order(self, number: str) -> dict[str, Any] | None:
        """An order as people see it, or None."""
        ...

    async def failures(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        ...

    async def messages(self, **filters: str) -> list[dict[str, Any]]:
        """What arrived."""
        ...

    async def command(self, words: list[str]) -> str:
        """Run a command line, given without the program's name; what it printed."""
        ...


class Counterparts(Protocol):
    """What a story does at the counterparts; `SandboxClient` is one."""

    async def act(self, name: str, action: str, arguments: Mapping[str, Any]) -> Any:
        """Let a counterpart's user do something."""
        ...

    async def state(self, name: str) -> Any:
        """What a counterpart holds."""
        ...

    async def misbehave(self, name: str, fault: str, times: int) -> None:
        """Let a counterpart's next answers go wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one expectation, or of an act or command that failed.

    `found` is what was there when it was last looked at; `kept` is whether this is a look at
    an expectation that held before and has to stay.
    """

    what: str
    place: Location
    passed: bool
    found: Any = None
    kept: bool = False


class Listener(Protocol):
    """Who is told how a story goes."""

    def began(self, story: Story) -> None:
        """The story begins."""
        ...

    def step(self, number: int, step: Step, place: Location) -> None:
        """A step begins; `number` counts from 1."""
        ...

    def output(self, text: str) -> None:
        """A command printed this."""
        ...

    def checked(self, check: Check) -> None:
        """Something was found to be so, or not."""
        ...

    def ended(self, outcome: Outcome) -> None:
        """The story ended."""
        ...


@dataclass(slots=True)
class Outcome:
    """How a story went."""

    checks: list[Check] = field(default_factory=list)
    complete: bool = False

    @property
    def passed(self) -> bool:
        """Whether every step was played and every check passed."""
        return self.complete and all(check.passed for check in self.checks)


async def play(story: Story, hub: Hub, counterparts: Counterparts, listener: Listener) -> Outcome:
    """Play all steps. A failed expectation is reported and the story goes on; a failed act ends it."""
    return await _Player(story, hub, counterparts, listener).play()


class _Player:
    def __init__(self, story: Story, hub: Hub, counterparts: Counterparts, listener: Listener) -> None:
        self._story = story
        self._hub = hub
        self._counterparts = counterparts
        self._listener = listener
        self._outcome = Outcome()
        self._staying: list[tuple[Expectation, Location]] = []

    async def play(self) -> Outcome:
        self._listener.began(self._story)
        for number, (step, place) in enumerate(zip(self._story.steps, self._story.places, strict=True), start=1):
            self._listener.step(number, step, place)
            if not await self._do(step, place):
                break
            await self._look_at_staying()
        else:
            await self._confirm_staying()
            self._outcome.complete = True
        self._listener.ended(self._outcome)
        return self._outcome

    async def _do(self, step: Step, place: Location) -> bool:
        """Play one step; False if the rest has no ground to stand on."""
        try:
            if step.act:
                await self._counterparts.act(step.act.counterpart, step.act.action, step.act.arguments)
            elif step.misbehave:
                deed = step.misbehave
                await self._counterparts.misbehave(deed.counterpart, deed.fault, deed.times)
            elif step.run:
                self._listener.output(await self._hub.command(step.words))
            else:
                await self._expect(step, place)
        except CrossdockError as error:
            self._report(Check(str(step), place, passed=False, found=error.message))
            return False
        return True

    async def _expect(self, step: Step, place: Location) -> None:
        """Look until all of a step's expectations hold together, or its time is over."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + step.within.total_seconds(), _FIRST_PAUSE
        while True:
            seen = [(expectation, *await self._look(expectation)) for expectation in step.expect]
            remaining = deadline - loop.time()
            if all(passed for _, passed, _ in seen) or remaining <= 0:
                break
            await asyncio.sleep(min(pause, remaining))
            pause = min(2 * pause, _LONGEST_PAUSE)
        for expectation, passed, found in seen:
            self._report(Check(str(expectation), place, passed, found))
            if passed and expectation.stays:
                self._staying.append((expectation, place))

    async def _look_at_staying(self) -> None:
        """What has to stay is reported as soon as it no longer holds, once."""
        still: list[tuple[Expectation, Location]] = []
        for expectation, place in self._staying:
            passed, found = await self._look(expectation)
            if passed:
                still.append((expectation, place))
            else:
                self._report(Check(str(expectation), place, passed=False, found=found, kept=True))
        self._staying = still

    async def _confirm_staying(self) -> None:
        """Report what held until the end."""
        await self._look_at_staying()
        for expectation, place in self._staying:
            self._report(Check(str(expectation), place, passed=True, kept=True))

    async def _look(self, expectation: Expectation) -> tuple[bool, Any]:
        document = await self._document(expectation)
        return expectation.holds(document), expectation.find(document)

    async def _document(self, expectation: Expectation) -> Any:
        if expectation.order is not None:
            return await self._hub.order(expectation.order)
        if expectation.counterpart is not None:
            return await self._counterparts.state(expectation.counterpart)
        if expectation.messages is not None:
            return await self._hub.messages(**expectation.messages.where)
        return await self._hub.failures()

    def _report(self, check: Check) -> None:
        self._outcome.checks.append(check)
        self._listener.checked(check)
