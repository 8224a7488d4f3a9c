"""YAML with positions: parsing, problems with their place, validation by pydantic models."""

from __future__ import annotations

from hub.source.location import Location
from hub.source.node import Mapping, Node, Scalar, Sequence, plain
from hub.source.problems import ConfigurationRefused, Problem, Problems, Severity
from hub.source.validate import nearest, validate
from hub.source.yaml import parse

__all__ = [
    "ConfigurationRefused",
    "Location",
    "Mapping",
    "Node",
    "Problem",
    "Problems",
    "Scalar",
    "Sequence",
    "Severity",
    "nearest",
    "parse",
    "plain",
    "validate",
]
