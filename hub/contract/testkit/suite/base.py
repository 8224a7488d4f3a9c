"""The bench a test of the suite works at: one connector against its own, new simulator."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr
from structlog.typing import FilteringBoundLogger

from hub.contract.clock import FrozenClock
from hub.contract.connector import Connector
from hub.contract.errors import CrossdockError
from hub.contract.registry import find_connector, find_simulator
from hub.contract.simulator import SandboxContext, Simulator
from hub.contract.testkit.case import ConnectorCase
from hub.contract.testkit.fakes import MORNING, FakeState, capturing_log, fake_context

PATIENCE = 30.0
"""Seconds after which a call that neither answered nor failed is a fault of the connector."""

NOWHERE = "http://127.0.0.1:9"
"""The hub's URL as simulators are told it: nothing listens at the discard port."""

T = TypeVar("T")


@dataclass
class Bench:
    """A connector's class, its case, its simulator, and what the hub would keep for it."""

    connector_class: type[Connector[Any]]
    case: ConnectorCase
    simulator: Simulator
    endpoint: Mapping[str, str]
    entries: Sequence[MutableMapping[str, Any]]
    log: FilteringBoundLogger
    state: FakeState = field(default_factory=FakeState)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(MORNING))

    def build(self) -> Connector[Any]:
        """A new instance, not yet opened, with the state and clock of the ones before."""
        config = self.connector_class.Config.model_validate(self.case.config(self.endpoint))
        context = fake_context("contract", clock=self.clock, state=self.state, log=self.log)
        return self.connector_class(config, context)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Connector[Any]]:
        """A new instance, opened; closed at the end."""
        connector = self.build()
        await self.within(connector.open())
        try:
            yield connector
        finally:
            await self.within(connector.close())

    async def within(self, call: Awaitable[T]) -> T:
        """What the call returns, or a failed test if it takes longer than PATIENCE."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await call
        except TimeoutError:
            raise AssertionError(f"Neither answered nor failed within {PATIENCE:g} s; it needs a timeout.") from None

    async def outcome(self, call: Awaitable[T]) -> T | CrossdockError:
        """What the call returned or the hub's error it raised, seen to hold no secret."""
        try:
            return await self.within(call)
        except CrossdockError as error:
            self.assert_no_secret(error)
            return error

    def effects(self) -> int:
        """How often the case's transmission took effect at the simulator."""
        return self.case.effects(self.simulator.state())

    def assert_no_secret(self, error: CrossdockError) -> None:
        """The error's texts, and those of what caused it, show no secret of the configuration."""
        shown = f"{error.message} {error.detail} {error.where!r} {''.join(traceback.format_exception(error))}"
        config = self.connector_class.Config.model_validate(self.case.config(self.endpoint))
        for name, secret in secrets_of(config):
            assert secret not in shown, f"The {type(error).__name__} shows the secret of {name!r}."

    def assert_silent(self) -> None:
        """Nothing that was logged shows a secret of the configuration."""
        config = self.connector_class.Config.model_validate(self.case.config(self.endpoint))
        for name, secret in secrets_of(config):
            assert secret not in repr(list(self.entries)), f"The log shows the secret of {name!r}."


class ConnectorContract:
    """Base of the suite's classes; `contract_for` puts them together."""

    connector_type: ClassVar[str]
    case_type: ClassVar[type[ConnectorCase]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that takes a `fault` runs once for each fault the simulator knows."""
        if "fault" in metafunc.fixturenames:
            metafunc.parametrize("fault", sorted(self.case_type.faults))

    @pytest.fixture
    def connector_class(self) -> type[Connector[Any]]:
        """The connector's class."""
        return find_connector(self.connector_type)

    @pytest.fixture
    async def bench(self, connector_class: type[Connector[Any]], tmp_path: Path) -> AsyncIterator[Bench]:
        """The connector's bench; its simulator listens until the test ends."""
        case = self.case_type()
        context = SandboxContext("contract", NOWHERE, tmp_path)
        simulator = find_simulator(self.connector_type)(context, case.settings)
        log, entries = capturing_log()
        try:
            endpoint = await simulator.start()
            bench = Bench(connector_class, case, simulator, endpoint, entries, log)
            yield bench
        finally:
            await simulator.stop()
        bench.assert_silent()


def secrets_of(model: BaseModel, path: str = "") -> list[tuple[str, str]]:
    """The secrets set in a configuration: dotted field name and value."""
    found: list[tuple[str, str]] = []
    for name, value in model:
        found += _secrets_in(value, f"{path}{name}")
    return found


def _secrets_in(value: object, path: str) -> list[tuple[str, str]]:
    if isinstance(value, SecretStr | SecretBytes):
        secret = value.get_secret_value()
        return [(path, secret if isinstance(secret, str) else repr(secret))] if secret else []
    if isinstance(value, BaseModel):
        return secrets_of(value, f"{path}.")
    if isinstance(value, Mapping):
        return [found for key, item in value.items() for found in _secrets_in(item, f"{path}.{key}")]
    return []
