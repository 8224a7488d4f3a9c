"""Every connector there is, under the contract suite."""

from __future__ import annotations

import pytest

from hub.contract.errors import ConfigError
from hub.contract.registry import connector_types
from hub.contract.testkit import ConnectorCase, case_of
from hub.contract.testkit.suite import contract_for


def _has_case(type_name: str) -> bool:
    try:
        case_of(type_name)
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("type_name", connector_types())
def test_a_connector_comes_with_its_case(type_name: str) -> None:
    assert issubclass(case_of(type_name), ConnectorCase)


globals().update({f"Test_{name}": contract_for(name) for name in connector_types() if _has_case(name)})
