"""Validation of YAML by pydantic models, with every error at the key or value it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from hub.contract.registry import nearest
from hub.source.location import Location
from hub.source.node import Mapping, Node, Sequence, plain
from hub.source.problems import Problems

__all__ = ["nearest", "validate"]

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], node: Node, problems: Problems) -> M | None:
    """The model made from a node, or None with everything that is wrong added to `problems`.

    Kinds of problem: `unknown-key`, `missing-key`, `wrong-type` (not of the right kind at all)
    and `wrong-value`. Values of secret fields are never shown.
    """
    try:
        return model.model_validate(plain(node))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _report(model, node, details, problems)
        return None


def _report(model: type[BaseModel], root: Node, details: ErrorDetails, problems: Problems) -> None:
    path, kind = details["loc"], details["type"]
    if kind == "extra_forbidden":
        key = str(path[-1])
        known = _keys(_models_at(model, path[:-1]))
        message, suggestion = f"unknown key {key!r}", nearest(key, known) or f"known are {', '.join(known)}"
        problems.error("unknown-key", message, _locate(root, path, of_key=True), suggestion)
    elif kind == "missing":
        problems.error("missing-key", f"missing key {str(path[-1])!r}", _locate(root, path))
    elif kind in _TYPES:
        message = f"{_name(root, path)} must be {_TYPES[kind]}, not {_shown(model, details)}"
        quote = isinstance(details["input"], int | Decimal) and kind == "string_type"
        problems.error("wrong-type", message, _locate(root, path), "put it in quotes" if quote else "")
    else:
        message, suggestion = _in_words(model, root, details)
        problems.error("wrong-value", message, _locate(root, path, of_key=path[-1:] == ("[key]",)), suggestion)


_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping (keys and values)",
    "model_type": "a mapping (keys and values)",
    "model_attributes_type": "a mapping (keys and values)",
}


def _in_words(model: type[BaseModel], root: Node, details: ErrorDetails) -> tuple[str, str]:
    """Message and suggestion of an error that is about the value."""
    path, context = details["loc"], details.get("ctx", {})
    if details["type"] in ("literal_error", "enum"):
        expected = str(context["expected"])
        shown = _shown(model, details)
        known = [part.strip(" '") for part in expected.replace(" or ", ",").split(",")]
        return f"{_name(root, path)} cannot be {shown}; it is one of {expected}", nearest(str(details["input"]), known)
    if details["type"] in ("value_error", "assertion_error") and "error" in context:
        return f"{_name(root, path)}: {context['error']}" if path else str(context["error"]), ""
    return f"{_name(root, path)}: {details['msg'][:1].lower()}{details['msg'][1:]}", ""


def _name(root: Node, path: tuple[int | str, ...]) -> str:
    """The key a path ends at, with the position where it is a list's item: `'lines' item 2`."""
    found = [part for part, _, _ in _walk(root, path)]
    names = [part for part in found if isinstance(part, str)]
    item = f" item {found[-1] + 1}" if found and isinstance(found[-1], int) else ""
    return (f"{names[-1]!r}" if names else "this") + item


def _shown(model: type[BaseModel], details: ErrorDetails) -> str:
    """The value found, named for a person; only its type if it may be secret or is long."""
    value = details["input"]
    kind = _kind(value)
    if isinstance(value, dict | list) or value is None or _is_secret(model, details["loc"]):
        return kind
    text = f"{value!r}" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return f"{kind} {text}" if len(text) <= 80 else f"{kind} {text[:77]}…"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    kinds = {bool: "the truth value", str: "the text", dict: "a mapping", list: "a list"}
    return kinds.get(type(value), "the number")


def _locate(root: Node, path: tuple[int | str, ...], *, of_key: bool = False) -> Location:
    location = root.location
    for _, key_location, node in _walk(root, path):
        location = key_location if of_key else node.location
    return location


def _walk(root: Node, path: tuple[int | str, ...]) -> Iterator[tuple[int | str, Location, Node]]:
    """The parts of a pydantic path that stand in the file, each with its places of key and value.

    Pydantic's paths also name union members and validators: those parts are passed over.
    """
    node = root
    for part in path:
        if isinstance(node, Mapping) and str(part) in node.entries:
            location, node = node.entries[str(part)]
            yield str(part), location, node
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            yield part, node.location, node


def _models_at(model: type[BaseModel], path: Iterable[int | str]) -> list[type[BaseModel]]:
    """The models that may stand at a path."""
    models = [model]
    for part in path:
        found = [inner for field in _fields(models, str(part)) for inner in _models_in(field.annotation)]
        models = found or models
    return models


def _fields(models: Iterable[type[BaseModel]], key: str) -> list[FieldInfo]:
    return [
        field for model in models for name, field in model.model_fields.items() if key in (name, field.alias or name)
    ]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _keys(models: Iterable[type[BaseModel]]) -> list[str]:
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})


def _is_secret(model: type[BaseModel], path: tuple[int | str, ...]) -> bool:
    models = [model]
    for part in path:
        fields = _fields(models, str(part))
        if any(_holds_secret(field.annotation) for field in fields):
            return True
        models = [inner for field in fields for inner in _models_in(field.annotation)] or models
    return False


def _holds_secret(annotation: Any) -> bool:
    if annotation in (SecretStr, SecretBytes):
        return True
    return any(_holds_secret(argument) for argument in get_args(annotation))
