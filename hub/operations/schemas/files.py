"""JSON Schemas (draft 2020-12) of the files of a workspace, for editors.

They come from the models by which the hub reads the files, so that descriptions and defaults are the
same. They say less than `crossdock check` does: what names what is not in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from hub.contract.registry import connector_types, find_connector, nearest
from hub.ledger.policy import FulfilmentFile
from hub.operations.errors import NotFound, OperationRefused
from hub.operations.schemas.mapping import mapping_schema, mapping_test_schema
from hub.pipelines.clauses import PipelineFile
from hub.runtime.sandbox.story import StoryFile
from hub.workspace.connections import ConnectionSpec
from hub.workspace.files import is_sample
from hub.workspace.settings import HubSettings
from hub.workspace.trials.clauses import TrialClause, TrialFile
from hub.workspace.units import Address, parse_address, parse_duration

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE: Final[Schema] = {"type": "string", "pattern": r"\$\{(env|file):"}
_FORMS: Final[Mapping[Any, Schema]] = {
    parse_duration: {"type": "string", "pattern": r"^\s*[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h|d)\s*$"},
    parse_address: {"type": "string", "pattern": r"^\s*(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/]+):[0-9]{1,5}\s*$"},
}
"""How files write what these functions read."""
_OBJECTS: Final = ("model", "model-fields")
_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


class _Generator(GenerateJsonSchema):
    """Writes values with units as files write them."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> Schema:
        """What is read by a function of its own is written as that takes it, or as text or number."""
        read = schema["function"]["function"]
        inner: Schema = super().function_before_schema(schema)
        if read in _FORMS:
            return dict(_FORMS[read])
        return inner if schema["schema"]["type"] in _OBJECTS else {"anyOf": [inner, {"type": ["string", "number"]}]}

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No titles: the key says it already."""
        return False

    def encode_default(self, default: Any) -> Any:
        """A default as a file would have it."""
        if isinstance(default, timedelta):
            return _span(default)
        if isinstance(default, Address):
            return f"{default.host}:{default.port}"
        if isinstance(default, BaseModel):
            return {key: self.encode_default(value) for key, value in default if not _is_empty(value)}
        return super().encode_default(default)


def _span(span: timedelta) -> str:
    thousandths = round(span / timedelta(milliseconds=1))
    unit, size = next((unit, size) for unit, size in _UNITS if thousandths % size == 0)
    return f"{thousandths // size}{unit}"


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {})


def _of_model(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(schema_generator=_Generator)


def _pipeline() -> Schema:
    """The keys of a pipeline, and of the tests in it."""
    models: list[type[BaseModel]] = [PipelineFile, TrialClause]
    found, definitions = models_json_schema([(model, "validation") for model in models], schema_generator=_Generator)
    shared = definitions["$defs"]
    file = shared.pop(found[PipelineFile, "validation"]["$ref"].rpartition("/")[2])
    file["properties"]["tests"]["items"] = found[TrialClause, "validation"]
    return {**file, "$defs": shared}


def _hub() -> Schema:
    return _with_references(_of_model(HubSettings))


def _connection() -> Schema:
    """The hub's keys, and for each type of connector its own."""
    types = connector_types()
    models: list[type[BaseModel]] = [ConnectionSpec, *(find_connector(name).Config for name in types)]
    found, definitions = models_json_schema([(model, "validation") for model in models], schema_generator=_Generator)
    shared = definitions.get("$defs", {})
    parts = {model: shared[one["$ref"].rpartition("/")[2]] for (model, _), one in found.items()}
    spec = parts[ConnectionSpec]
    hub_keys = dict.fromkeys(spec["properties"], True)
    kept = {name: _with_references(part) for name, part in shared.items() if part not in parts.values()}
    return {
        "type": "object",
        "properties": {**spec["properties"], "type": {**spec["properties"]["type"], "enum": types}},
        "required": spec["required"],
        "allOf": [_of_type(name, parts[find_connector(name).Config], hub_keys) for name in types],
        "$defs": {**kept, **{name: shared[name] for name in ("Retry", "Schedule")}},
    }


def _of_type(name: str, config: Schema, hub_keys: Mapping[str, Any]) -> Schema:
    """What holds for connections of a type."""
    own = _with_references(config)
    then: Schema = {"properties": {**hub_keys, **own.get("properties", {})}, "additionalProperties": False}
    if own.get("required"):
        then["required"] = own["required"]
    return {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": then}


def _environment() -> Schema:
    """Any of the keys of the hub and of connections; null takes one away."""
    hub, spec = _hub(), _of_model(ConnectionSpec)
    properties = {key: part for key, part in hub["properties"].items() if key != "environment"}
    keys = {key: part for key, part in spec["properties"].items() if key not in ("connection", "type")}
    connection = {"type": ["object", "null"], "properties": _nullable(keys)}
    return {
        "type": ["object", "null"],
        "properties": {
            "hub": {"type": ["object", "null"], "properties": _nullable(properties), "additionalProperties": False},
            "connections": {"type": ["object", "null"], "additionalProperties": connection},
        },
        "additionalProperties": False,
        "$defs": {name: _relaxed(part) for name, part in {**hub["$defs"], **spec["$defs"]}.items()},
    }


def _relaxed(part: Schema) -> Schema:
    """An object of which any keys may be given."""
    if "properties" not in part:
        return part
    rest = {key: value for key, value in part.items() if key != "required"}
    return {**rest, "properties": _nullable(part["properties"])}


def _nullable(properties: Mapping[str, Any]) -> Schema:
    return {key: {"anyOf": [part, {"type": "null"}]} for key, part in properties.items()}


def _with_references(schema: Schema) -> Schema:
    """The schema, with `${env:…}` and `${file:…}` wherever a single value may stand."""
    changed = {key: _inside(key, value) for key, value in schema.items()}
    if changed.get("type") in ("object", "array", "null") or not changed.keys() & {"type", "enum", "const"}:
        return changed
    about: Schema = {key: changed.pop(key) for key in ("description", "default", "title", "examples") if key in changed}
    return {**about, "anyOf": [changed, _REFERENCE]}


def _inside(key: str, value: Any) -> Any:
    """The schemas within a keyword's value."""
    if key in ("properties", "$defs", "patternProperties"):
        return {name: _with_references(part) for name, part in value.items()}
    if key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        return [_with_references(part) for part in value]
    if key in ("items", "additionalProperties") and isinstance(value, dict):
        return _with_references(value)
    return value


_KINDS: Final[Mapping[str, tuple[str, Callable[[], Schema]]]] = {
    "hub": ("config/hub.yaml", _hub),
    "connection": ("config/connections/*.yaml", _connection),
    "environment": ("config/environments/*.yaml", _environment),
    "fulfilment": ("config/fulfilment.yaml", lambda: _of_model(FulfilmentFile)),
    "mapping_test": ("mappings/**/*.test.yaml", mapping_test_schema),
    "mapping": ("mappings/**/*.yaml", mapping_schema),
    "pipeline_test": ("pipelines/**/*.test.yaml", lambda: _of_model(TrialFile)),
    "pipeline": ("pipelines/**/*.yaml", _pipeline),
    "story": ("config/stories/*.yaml", lambda: _of_model(StoryFile)),
}
"""By kind, which files are of it and what makes its schema. The first that fits a file is its kind."""


def schema_kinds() -> list[str]:
    """The kinds of file that have a schema."""
    return sorted(_KINDS)


def schema_of(kind: str) -> Schema:
    """The schema of a kind of file; NotFound, with the nearest, if there is no such kind."""
    if kind not in _KINDS:
        there = nearest(kind, _KINDS) or f"; there are {', '.join(schema_kinds())}"
        raise NotFound(f"There is no kind of file {kind!r}{there.removesuffix('?')}.", value=kind)
    files, make = _KINDS[kind]
    return {"$schema": _DIALECT, **make(), "title": files}


def kind_of(path: str) -> str | None:
    """The kind of a file of a workspace, by its path there; None if it has no schema."""
    if is_sample(PurePosixPath(path)):
        return None
    return next((kind for kind, (files, _) in _KINDS.items() if fnmatch(path, files.replace("**/", ""))), None)


def modeline(path: str, directory: str) -> str:
    """The first line of a file by which editors find its schema in a directory; empty for a file without one.

    Both are paths in the workspace.
    """
    kind = kind_of(path)
    if kind is None:
        return ""
    return f"# yaml-language-server: $schema={'../' * path.count('/')}{directory}/{kind}.json\n"


def schema_text(kind: str) -> str:
    """The schema of a kind, as it stands in a file."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def write_schemas(directory: Path, kinds: list[str]) -> list[str]:
    """Write `KIND.json` for each kind into a directory, over what was there; returns the paths."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for kind in kinds:
            (directory / f"{kind}.json").write_text(schema_text(kind), encoding="utf-8")
    except OSError as error:
        raise OperationRefused(f"{error.filename} cannot be written: {error.strerror or error}.") from error
    return [str(directory / f"{kind}.json") for kind in kinds]
