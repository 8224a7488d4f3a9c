"""Finds secrets that stand in a configuration file instead of behind a reference."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from hub.source import Mapping, Node, Problems, Scalar, Sequence
from hub.workspace.references import is_reference, references_in

_SUSPECT: Final = re.compile(r"auth|token|secret|passw|api.?key|cookie|signature", re.IGNORECASE)


def report_clear_secrets(model: type[BaseModel], node: Node, problems: Problems) -> None:
    """Report `secret-in-clear` for every value of a secret field of `model` that is written out.

    A default inside a reference (`${env:TOKEN:-text}`) is a warning: it is meant for trying out.
    """
    for name, value in _secret_values(model, node):
        if value.value is None:
            continue
        variable = re.sub(r"\W", "_", name.upper())
        suggestion = f"write ${{env:{variable}}} or ${{file:/run/secrets/{name}}}"
        if not is_reference(value):
            message = f"the secret {name!r} stands here in clear"
            problems.error("secret-in-clear", message, value.location, suggestion)
        elif any(reference.default for reference in references_in(value, Problems())):
            message = f"the default of the secret {name!r} stands here in clear"
            problems.warning("secret-in-clear", message, value.location, "leave it out where it matters")


def _secret_values(model: type[BaseModel], node: Node) -> Iterator[tuple[str, Scalar]]:
    """Key and value of every field that takes nothing but a secret.

    Where the keys are free (HTTP headers), only those whose name says so are meant to be one.
    """
    if not isinstance(node, Mapping):
        return
    for name, field in model.model_fields.items():
        key = field.alias or name
        if (value := node.get(key)) is not None:
            yield from _secrets_of(field.annotation, key, value)


def _secrets_of(annotation: Any, name: str, node: Node) -> Iterator[tuple[str, Scalar]]:
    kinds = list(_alternatives(annotation))
    if isinstance(node, Scalar):
        if any(kind in (SecretStr, SecretBytes) for kind in kinds) and not any(kind is str for kind in kinds):
            yield name, node
        return
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _secret_values(kind, node)
        elif isinstance(node, Sequence) and get_args(kind):
            for item in node.items:
                yield from _secrets_of(get_args(kind)[0], name, item)
        elif isinstance(node, Mapping) and len(get_args(kind)) == 2:
            for key, (_, value) in node.entries.items():
                if _SUSPECT.search(key):
                    yield from _secrets_of(get_args(kind)[1], key, value)


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, without what Annotated adds."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _alternatives(member)
    else:
        yield annotation
