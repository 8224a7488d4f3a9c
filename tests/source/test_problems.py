"""Problems are collected, and refused together."""

from __future__ import annotations

import pytest

from hub.contract.errors import ConfigError
from hub.source import ConfigurationRefused, Location, Problems, Severity


def test_all_errors_are_in_one_refusal_and_warnings_are_not():
    problems = Problems()
    problems.warning("unused-file", "nobody reads it", Location("a.yaml", 1, 1))
    problems.error("unknown-key", "unknown key 'x'", Location("b.yaml", 3, 7), "; did you mean 'y'?")
    problems.error("missing-key", "missing key 'z'", Location("b.yaml", 4, 1))

    with pytest.raises(ConfigurationRefused) as refused:
        problems.raise_if_errors()

    assert str(refused.value).splitlines() == [
        "b.yaml:3:7: unknown-key: unknown key 'x' (did you mean 'y'?)",
        "b.yaml:4:1: missing-key: missing key 'z'",
    ]
    assert (refused.value.where["file"], refused.value.where["line"]) == ("b.yaml", 3)
    assert isinstance(refused.value, ConfigError)
    assert [problem.severity for problem in problems] == [Severity.WARNING, Severity.ERROR, Severity.ERROR]


def test_warnings_alone_refuse_nothing():
    problems = Problems()
    problems.warning("unused-file", "nobody reads it", Location("a.yaml", 1, 1))

    problems.raise_if_errors()

    assert len(problems) == 1
