"""The JSON Schemas of a mapping and of its tests: the constructs are what the compiler knows."""

from __future__ import annotations

from typing import Any, Final

from hub.mapping.constructs import CONSTRUCTS

_MEANINGS: Final = {
    "$const": "Data as it stands.",
    "$value": "An expression with something beside it.",
    "$optional": "Whether the field is left out if its expression finds nothing.",
    "$default": "What is made instead if the expression finds nothing.",
    "$each": "A list and a name for each of its items: source.lines as line.",
    "$where": "Condition on an item; others are left out.",
    "$sort": "By what the items are sorted: an expression, {by, descending}, or a list of these.",
    "$when": "Condition; where it does not hold, this is left out.",
    "$let": "Names for values, known here and below.",
    "$switch": "One of several, chosen by the text of `on`.",
    "$require": "Conditions without which nothing is made; {when, message} names what is wrong.",
    "$assert": "Conditions on the finished output; {when, message} names what is wrong.",
    "$remove": "Takes out what `extends` brought in.",
}
_FORMS: Final[dict[str, dict[str, Any]]] = {
    "$optional": {"type": "boolean"},
    "$remove": {"type": "boolean"},
    "$each": {"type": "string"},
    "$let": {"type": "object"},
    "$switch": {
        "type": "object",
        "properties": {
            "on": {"$ref": "#/$defs/expression"},
            "cases": {"type": "object", "additionalProperties": {"$ref": "#/$defs/field"}, "minProperties": 1},
            "default": {"$ref": "#/$defs/field"},
        },
        "required": ["on", "cases"],
        "additionalProperties": False,
    },
    "$default": {"$ref": "#/$defs/field"},
    "$value": {"$ref": "#/$defs/field"},
}
_TEST: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "input": {"description": "What is mapped, or {$file: path} beside the mapping."},
        "given": {"type": "object", "description": "Variables, xref and crosswalk that stand in for the hub."},
        "expect": {"$ref": "#/$defs/expectation"},
    },
    "required": ["name", "input", "expect"],
    "additionalProperties": False,
}
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"field": {"type": ["string", "null"]}, "contains": {"type": "string"}},
    "additionalProperties": False,
}
_SPECIAL: Final[dict[str, dict[str, Any]]] = {
    "$partial": {"description": "What must be found in the output."},
    "$expr": {
        "description": "Conditions on `output` and `source`: one, or a list, each an expression or {when, message}."
    },
    "$file": {"type": "string", "description": "The whole output, in a file beside this one."},
    "$error": {**_ERROR, "description": "There is no output: this field fails, with these words."},
}
EXPECTATION: Final[dict[str, Any]] = {
    "description": "The whole output, or one of $partial, $expr, $file and $error.",
    "if": {"type": "object", "anyOf": [{"required": [key]} for key in _SPECIAL]},
    "then": {"properties": _SPECIAL, "additionalProperties": False, "maxProperties": 1},
    "else": {"propertyNames": {"pattern": r"^[^$]"}},
}


def mapping_schema() -> dict[str, Any]:
    """The schema of `mappings/**/*.yaml`."""
    return {
        "type": "object",
        "properties": {
            "mapping": {"type": "string", "description": "Its name: the path below mappings/ without .yaml."},
            "from": {"type": "string", "description": "The payload type or kind of document that it reads."},
            "to": {"type": "string", "description": "The kind of document or payload type that it makes."},
            "extends": {"type": "string", "description": "The mapping over whose fields these are laid."},
            "fields": {"$ref": "#/$defs/field", "description": "What it makes."},
            "tests": {"type": "array", "items": _TEST, "description": "Examples, run by `crossdock test`."},
        },
        "required": ["mapping"],
        "additionalProperties": False,
        "$defs": {
            "expectation": EXPECTATION,
            "expression": {"type": ["string", "number", "boolean"], "description": "An expression."},
            "field": {"anyOf": [{"type": ["string", "number", "boolean", "null"]}, _items(), _object()]},
        },
    }


def mapping_test_schema() -> dict[str, Any]:
    """The schema of `mappings/**/*.test.yaml`."""
    return {
        "type": "object",
        "properties": {
            "mapping": {"type": "string", "description": "The mapping that is tested."},
            "tests": {"type": "array", "items": _TEST, "minItems": 1, "description": "Run by `crossdock test`."},
        },
        "required": ["mapping", "tests"],
        "additionalProperties": False,
        "$defs": {"expectation": EXPECTATION},
    }


def _items() -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": "#/$defs/field"}}


def _object() -> dict[str, Any]:
    """Fields and constructs; a key with $ that is no construct is a slip."""
    constructs = {name: {**_FORMS.get(name, {}), "description": _MEANINGS.get(name, "")} for name in CONSTRUCTS}
    return {
        "type": "object",
        "properties": constructs,
        "propertyNames": {"anyOf": [{"enum": list(CONSTRUCTS)}, {"pattern": r"^[^$]"}]},
        "additionalProperties": {"$ref": "#/$defs/field"},
    }
