"""The mapping language: what becomes what, written in YAML with Jinja2's expressions.

A mapping is compiled once to one Python function. Only when that stops is the mapping run field
by field, to name every field that fails with its expression, the path it read and the value.
`docs/reference/mapping.md` specifies the language.
"""

from __future__ import annotations

from hub.mapping.cases import Given, MappingTest
from hub.mapping.compare import compare
from hub.mapping.describe import Read
from hub.mapping.errors import CrosswalkMissing, ExpressionFailed, FieldError, MappingFailed, ValueRefused
from hub.mapping.expectation import (
    Expectation,
    ExpectedError,
    ExpectedFile,
    ExpectedValue,
    differences,
    failure_differences,
    read_expectation,
)
from hub.mapping.expression import Expression, compile_expression
from hub.mapping.filters import filter_names
from hub.mapping.interpret import FieldTrace
from hub.mapping.lookups import Lookup, Lookups
from hub.mapping.mapping import VARIABLES, Mapping, compile_mapping

__all__ = [
    "VARIABLES",
    "CrosswalkMissing",
    "Expectation",
    "ExpectedError",
    "ExpectedFile",
    "ExpectedValue",
    "Expression",
    "ExpressionFailed",
    "FieldError",
    "FieldTrace",
    "Given",
    "Lookup",
    "Lookups",
    "Mapping",
    "MappingFailed",
    "MappingTest",
    "Read",
    "ValueRefused",
    "compare",
    "compile_expression",
    "compile_mapping",
    "differences",
    "failure_differences",
    "filter_names",
    "read_expectation",
]
