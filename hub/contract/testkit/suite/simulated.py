"""The simulator, and the connector's life around it: opening, checking, closing."""

from __future__ import annotations

import json

import pytest

from hub.contract.connector import Health
from hub.contract.errors import TransientError
from hub.contract.testkit.suite.base import Bench, ConnectorContract, secrets_of

UNKNOWN = "no-such-thing"


class SimulatedContract(ConnectorContract):
    """Tests of every connector against its simulator."""

    async def test_simulator_tells_where_it_is(self, bench: Bench) -> None:
        assert bench.endpoint, "start() returned nothing a connection could use."
        wrong = [key for key, value in bench.endpoint.items() if not isinstance(value, str)]
        assert not wrong, f"start() returns texts; these are none: {wrong}."
        assert bench.build().config is not None

    async def test_simulator_lists_its_actions_to_who_asks_wrongly(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match=UNKNOWN) as refused:
            await bench.simulator.act(UNKNOWN, {})
        assert bench.case.actions, "The case names no action of the simulator."
        missing = sorted(name for name in bench.case.actions if name not in str(refused.value))
        assert not missing, f"The refusal does not list these actions: {missing}."

    async def test_simulator_lists_its_faults_to_who_asks_wrongly(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match=UNKNOWN) as refused:
            bench.simulator.misbehave(UNKNOWN, 1)
        assert bench.case.faults, "The case names no fault of the simulator: it must misbehave on request."
        missing = sorted(name for name in bench.case.faults if name not in str(refused.value))
        assert not missing, f"The refusal does not list these faults: {missing}."

    async def test_simulator_knows_its_faults(self, bench: Bench, fault: str) -> None:
        bench.simulator.misbehave(fault, 1)

    async def test_simulator_state_is_json(self, bench: Bench) -> None:
        state = bench.simulator.state()
        assert json.loads(json.dumps(state)) == state, "state() must be plain JSON."

    async def test_check_is_fine_and_consumes_nothing(self, bench: Bench) -> None:
        before = json.dumps(bench.simulator.state())
        async with bench.opened() as connector:
            health = await bench.outcome(connector.check())
        assert isinstance(health, Health), f"check() of a working counterpart raised {health!r}."
        assert health.ok, f"check() of a working counterpart found: {list(health.findings)}."
        assert health.findings, "check() says what it looked at, a line each."
        assert json.dumps(bench.simulator.state()) == before, "check() changed something at the counterpart."

    async def test_check_of_a_dead_counterpart_is_not_fine(self, bench: Bench) -> None:
        await bench.simulator.stop()
        async with bench.opened() as connector:
            health = await bench.outcome(connector.check())
        if isinstance(health, Health):
            asks_nobody = bench.connector_class.manifest.direction == {"receive"}
            assert health.ok == asks_nobody, "check() is fine although nothing listens."
            assert health.findings, "check() does not say what is wrong."
        else:
            assert isinstance(health, TransientError), f"A counterpart that is away is no {type(health).__name__}."

    async def test_close_never_raises(self, bench: Bench) -> None:
        unopened = bench.build()
        await bench.within(unopened.close())
        connector = bench.build()
        await bench.within(connector.open())
        await bench.simulator.stop()
        await bench.within(connector.close())
        await bench.within(connector.close())

    async def test_simulator_stops_twice(self, bench: Bench) -> None:
        await bench.simulator.stop()
        await bench.simulator.stop()

    async def test_settings_hide_secrets_when_printed(self, bench: Bench) -> None:
        config = bench.build().config
        shown = [name for name, secret in secrets_of(config) if secret in repr(config)]
        assert not shown, f"The settings show these secrets when printed: {shown}."
