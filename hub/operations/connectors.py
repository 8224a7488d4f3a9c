"""The connectors there are, as their manifests and settings say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.contract.connector import Connector
from hub.contract.registry import connector_types, find_connector, nearest
from hub.operations.errors import NotFound

_QUALITIES = ("signature", "idempotency", "ordering", "find", "backoff", "redaction")
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
}

Schema = Mapping[str, Any]
"""A JSON Schema, or a part of one."""


@dataclass(frozen=True, slots=True)
class ConnectorView:
    """A connector: its `type` in YAML, what it is, which way documents go, and which payload types."""

    type: str
    title: str
    family: str
    directions: list[str]
    emits: list[str]
    accepts: list[str]


@dataclass(frozen=True, slots=True)
class QualityView:
    """A quality as the connector declares it: `support` is yes, no or exempt; `how`, or why not."""

    name: str
    support: str
    how: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of a connection of this type; `secret` ones belong outside the file.

    `key` is its path: `sftp.host`, with `[]` after a list and `*` for a name that is free. `type`
    is in words. `default` is None where there is none.
    """

    key: str
    type: str
    required: bool
    default: Any
    secret: bool
    description: str


@dataclass(frozen=True, slots=True)
class ConnectorDescription(ConnectorView):
    """A connector with its qualities, its settings one by one, and the JSON Schema of them."""

    qualities: list[QualityView]
    settings: list[Setting]
    json_schema: dict[str, Any]


def list_connectors() -> list[ConnectorView]:
    """All connectors, by family and type; imports each of them."""
    found = [ConnectorView(**_facts(find_connector(name), name)) for name in connector_types()]
    return sorted(found, key=lambda one: (one.family, one.type))


def describe_connector(name: str) -> ConnectorDescription:
    """Everything a connector says of itself; NotFound, with the nearest type, if there is none."""
    known = connector_types()
    if name not in known:
        raise NotFound(f"There is no connector {name!r}{nearest(name, known)}.", value=name)
    connector = find_connector(name)
    schema = connector.Config.model_json_schema()
    declared = [(quality, getattr(connector.manifest, quality)) for quality in _QUALITIES]
    return ConnectorDescription(
        **_facts(connector, name),
        qualities=[QualityView(quality, said.support.value, said.how) for quality, said in declared],
        settings=list(_settings(schema, _Place(schema.get("$defs", {})))),
        json_schema=schema,
    )


def _facts(connector: type[Connector[Any]], name: str) -> dict[str, Any]:
    return {
        "type": name,
        "title": connector.manifest.title,
        "family": connector.family.value,
        "directions": sorted(connector.manifest.direction),
        "emits": sorted(connector.emits),
        "accepts": sorted(connector.accepts),
    }


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the settings a part of the schema stands: its path, and the definitions that lead there."""

    definitions: Mapping[str, Schema]
    path: str = ""
    inside: frozenset[str] = frozenset()

    def below(self, key: str) -> _Place:
        """The place of a key."""
        return _Place(self.definitions, f"{self.path}.{key}" if self.path else key, self.inside)

    def listed(self) -> _Place:
        """The place of the items of a list."""
        return _Place(self.definitions, f"{self.path}[]", self.inside)

    def opened(self, part: Schema) -> tuple[Schema, _Place]:
        """The part itself where it refers to a definition; one inside itself is not opened again."""
        name = part.get("$ref", "").rpartition("/")[2]
        if not name or name in self.inside:
            return part, self
        return {**self.definitions[name], **part}, _Place(self.definitions, self.path, self.inside | {name})


def _settings(schema: Schema, place: _Place) -> Iterator[Setting]:
    """The keys of an object, each with those beneath it."""
    required = schema.get("required", ())
    for key, part in schema.get("properties", {}).items():
        yield from _setting(part, place.below(key), key in required)


def _setting(part: Schema, place: _Place, required: bool) -> Iterator[Setting]:
    forms = [place.opened(form) for form in _forms(part)]
    yield Setting(
        key=place.path,
        type=" or ".join(dict.fromkeys(_words(form) for form, _ in forms)),
        required=required,
        default=part.get("default"),
        secret=any(_is_secret(form) for form, _ in forms),
        description=part.get("description", "") or next((form.get("description", "") for form, _ in forms), ""),
    )
    for form, inner in forms:
        yield from _beneath(form, inner)


def _beneath(form: Schema, place: _Place) -> Iterator[Setting]:
    """The keys inside of a mapping, of a list's items, or of a mapping's values."""
    yield from _settings(form, place)
    for inner, where in ((form.get("items"), place.listed()), (form.get("additionalProperties"), place.below("*"))):
        if isinstance(inner, dict):
            for one in _forms(inner):
                yield from _settings(*where.opened(one))


def _forms(part: Schema) -> list[Schema]:
    """What a value may be, but for nothing."""
    forms = part.get("anyOf") or part.get("oneOf") or [part]
    return [form for form in forms if form.get("type") != "null"]


def _words(form: Schema) -> str:
    if "const" in form or "enum" in form:
        return f"one of {', '.join(_shown(value) for value in form.get('enum', [form.get('const')]))}"
    return _WORDS.get(form.get("type", ""), "anything")


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value) if value in ("", "\n", "\r\n") else str(value)


def _is_secret(form: Schema) -> bool:
    """Whether it is one, or a list or mapping of them; pydantic writes SecretStr as write-only."""
    inner = [form.get("items"), form.get("additionalProperties")]
    return bool(form.get("writeOnly")) or any(isinstance(one, dict) and _is_secret(one) for one in inner)
