"""The test kit: what a connector is tested with, here and in distributions of others.

A connector's own tests open it with `fake_context` and push through a `FakePush`. Its
`contract.py` defines one `ConnectorCase`, and one line puts it under the contract suite
(which needs pytest and pytest-asyncio in its auto mode):

    # tests/test_acme.py
    from hub.contract.testkit.suite import contract_for
    TestAcme = contract_for("acme")

`ScriptedConnector` is a counterpart for tests of the hub itself.
"""

from __future__ import annotations

from hub.contract.testkit.case import ConnectorCase, case_of
from hub.contract.testkit.fakes import FakePush, FakeState, Killed, capturing_log, fake_context
from hub.contract.testkit.scripted import Applied, ScriptedConfig, ScriptedConnector

__all__ = [
    "Applied",
    "ConnectorCase",
    "FakePush",
    "FakeState",
    "Killed",
    "ScriptedConfig",
    "ScriptedConnector",
    "capturing_log",
    "case_of",
    "fake_context",
]
