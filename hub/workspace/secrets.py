"""Finds secrets that stand in a configuration file instead of behind a reference.

Those of the connectors' own secret fields by their models, all others by what they look like.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from hub.source import Mapping, Node, Problems, Scalar, Sequence
from hub.workspace.references import is_reference, references_in

_PASSWORD: Final = re.compile(r"://[^:/@{}\s]*:(?P<password>[^@/\s]+)@")
_PRIVATE: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_ISSUED: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:shp(?:at|ca|pa|ss)_[0-9a-f]{16,}|pat-[a-z0-9]{2,4}-[0-9a-f-]{16,}|EZ[AT]K[0-9A-Za-z]{16,}"
    r"|AKIA[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{20,}|xox[abps]-[0-9A-Za-z-]{10,}|sk_live_[0-9A-Za-z]{10,})"
)
"""Tokens that tell by their beginning who issued them: Shopify, HubSpot, EasyPost, AWS, GitHub, Slack, Stripe."""
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


def report_hidden_secrets(node: Node, problems: Problems) -> None:
    """Report `secret-in-clear` for passwords in addresses, private keys and tokens, whatever key they stand under."""
    for key, value in _texts("value", node):
        password = _PASSWORD.search(value.text)
        variable = re.sub(r"\W", "_", key.upper())
        if password is not None and "${" not in password["password"]:
            message, suggestion = f"the password of the {key}", f"write ${{env:{variable}_PASSWORD}} in its place"
        elif _PRIVATE.search(value.text):
            message, suggestion = f"the private key of {key!r}", f"write ${{file:/run/secrets/{key}}}"
        elif _ISSUED.search(value.text):
            message, suggestion = f"the token of {key!r}", f"write ${{env:{variable}}}"
        else:
            continue
        problems.error("secret-in-clear", f"{message} stands here in clear", value.location, suggestion)


def _texts(key: str, node: Node) -> Iterator[tuple[str, Scalar]]:
    """The texts beneath a node, each with the nearest key above it."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        yield key, node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _texts(key, item)
    elif isinstance(node, Mapping):
        for name, (_, value) in node.entries.items():
            yield from _texts(name, value)


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
