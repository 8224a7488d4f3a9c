"""A new connection: the keys that its connector cannot do without, each described, secrets behind references."""

from __future__ import annotations

import copy
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from hub.contract.connector import Connector, ConnectorConfig
from hub.contract.registry import connector_types, find_connector, nearest
from hub.operations.errors import BadInput, NotFound
from hub.operations.scaffolds.editing import with_modelines
from hub.operations.scaffolds.writing import require_name, write_new
from hub.runtime.sandbox.counterpart import jsonable
from hub.source import Problems, parse, plain
from hub.workspace import ConnectionSpec

Schema = Mapping[str, Any]
"""A JSON Schema, or a part of one."""

_BLOCK: Final = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_WIDTH: Final = 110


def new_connection(root: Path, name: str, type_name: str | None) -> list[str]:
    """Write `config/connections/NAME.yaml` for a connector; BadInput or NotFound if name or type is none."""
    require_name(name)
    known = connector_types()
    if type_name is None:
        raise BadInput(f"Say the connector with --type; there are {', '.join(known)}.")
    if type_name not in known:
        raise NotFound(f"There is no connector {type_name!r}{nearest(type_name, known)}.", value=type_name)
    texts = {f"config/connections/{name}.yaml": _text(name, find_connector(type_name))}
    return write_new(root, with_modelines(root, texts))


def _text(name: str, connector: type[Connector[Any]]) -> str:
    schema = connector.Config.model_json_schema()
    keys = _Keys(schema.get("$defs", {}), re.sub(r"\W", "_", name).upper())
    lines = [
        f"# {connector.manifest.title}. `crossdock connectors describe {connector.name}` tells all keys.",
        f"connection: {name}",
        f"type: {connector.name}",
        *keys.lines(schema, _least(connector), (), ""),
    ]
    return "\n".join(lines) + "\n"


class _Keys:
    """Writes keys as YAML, each below its description. Variables are named after the connection and the key."""

    def __init__(self, definitions: Mapping[str, Schema], prefix: str) -> None:
        self._definitions = definitions
        self._prefix = prefix

    def lines(self, schema: Schema, values: Mapping[str, Any], path: tuple[str, ...], indent: str) -> Iterator[str]:
        """The required keys of an object, and those that have a value."""
        for key, part in schema.get("properties", {}).items():
            if key in values or key in schema.get("required", ()):
                form = self._form(part, values.get(key))
                about = f"{indent}# "
                text = part.get("description") or form.get("description", "")
                yield from textwrap.wrap(text, _WIDTH, initial_indent=about, subsequent_indent=about)
                yield from self._entry(key, form, values.get(key), (*path, key), indent)

    def _entry(self, key: str, form: Schema, value: Any, path: tuple[str, ...], indent: str) -> Iterator[str]:
        if "properties" in form and isinstance(value, dict | None):
            yield f"{indent}{key}:"
            yield from self.lines(form, value or {}, path, f"{indent}  ")
        else:
            yield f"{indent}{key}: {self._value(form, value, path)}"

    def _value(self, form: Schema, value: Any, path: tuple[str, ...]) -> str:
        """The value; a variable for a secret, and where nothing is known but that it must be there."""
        if value is None or form.get("writeOnly"):
            variable = re.sub(r"\W", "_", "_".join((self._prefix, *path))).upper()
            return str(form.get("const") or f"${{env:{variable}}}")
        written = jsonable(value)  # which leaves no Decimal that YAML could not write
        return yaml.safe_dump(written, default_flow_style=True, width=10_000).removesuffix("...\n").strip()

    def _form(self, part: Schema, value: Any) -> Schema:
        """Of the forms that a value may have, the one that fits this value best."""
        forms = [self._opened(form) for form in part.get("anyOf") or part.get("oneOf") or [part]]
        keys = set(value) if isinstance(value, dict) else set()
        fitting = [form for form in forms if keys and keys <= set(form.get("properties", {}))]
        return (fitting or [form for form in forms if form.get("type") != "null"] or forms)[0]

    def _opened(self, form: Schema) -> Schema:
        name = form.get("$ref", "").rpartition("/")[2]
        return self._definitions[name] if name else form


def _least(connector: type[Connector[Any]]) -> dict[str, Any]:
    """Of the example on the connector's page, what its settings cannot do without; empty if it has no example."""
    example = _example(connector)
    # A reference where a pattern is wanted hides what else is missing, so those go first.
    wrong = _wrong(connector.Config, example)
    for path in sorted(_paths(example), key=lambda path: path not in wrong):
        without = copy.deepcopy(example)
        if _drop(without, path) and _is_taken(connector.Config, without):
            example = without
    return example


def _example(connector: type[Connector[Any]]) -> dict[str, Any]:
    page = Path(inspect.getfile(connector)).with_name("README.md")
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8")) if page.is_file() else []
    for block in blocks:
        node = parse(block, page.name, Problems())
        keys = plain(node) if node is not None else None
        if isinstance(keys, dict) and keys.get("type") == connector.name:
            return {key: value for key, value in keys.items() if key not in ConnectionSpec.model_fields}
    return {}


def _paths(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all keys of mappings inside mappings, outer ones first."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield (*path, key)
            yield from _paths(value, (*path, key))


def _drop(tree: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Take a key away; False if it is gone with one around it."""
    for key in path[:-1]:
        tree = tree.get(key, {})
    return tree.pop(path[-1], None) is not None


def _is_taken(config: type[ConnectorConfig], values: dict[str, Any]) -> bool:
    """Whether the settings are right, references taken for right."""
    return all(isinstance(value, str) and "${" in value for value in _wrong(config, values).values())


def _wrong(config: type[ConnectorConfig], values: dict[str, Any]) -> dict[tuple[int | str, ...], Any]:
    """The values that the settings refuse, by path."""
    try:
        config.model_validate(values)
    except ValidationError as error:
        return {one["loc"]: one["input"] for one in error.errors()}
    return {}
