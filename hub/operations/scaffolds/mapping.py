"""A new mapping: the required fields of a canonical document, each with a first expression, and a test that passes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from hub.contract.documents import KINDS
from hub.contract.registry import nearest
from hub.operations.errors import BadInput
from hub.operations.scaffolds.editing import with_modelines
from hub.operations.scaffolds.writing import write_new

Schema = Mapping[str, Any]
"""A JSON Schema, or a part of one."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*")
_TYPE: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_./-]+")
_SAMPLES: Final = {"^[A-Z]{3}$": "EUR", "^[A-Z]{2}$": "DE", "^[A-Z0-9]{1,3}$": "EA"}
"""Values that fit a pattern."""
_FORMATS: Final = {"date-time": "2026-03-02T09:15:00Z", "date": "2026-03-02"}
"""A value of a format."""
_READ: Final = {"date-time": " | datetime", "date": " | date"}
"""What makes it of the text in a payload."""
_WRITTEN: Final = {"date-time": " | format_date('%Y-%m-%dT%H:%M:%SZ', 'UTC')", "date": " | format_date('%Y-%m-%d')"}
"""What makes text of it, which is what most payloads take: JSON has no times."""


def new_mapping(root: Path, name: str, source: str | None, target: str | None) -> list[str]:
    """Write `mappings/NAME.yaml` from a payload type to a kind of document, or the other way.

    BadInput if neither of the two is a kind of canonical document, or a name is none.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name of a mapping: write it as shop/order.", value=name)
    if source is None or target is None:
        raise BadInput("Say from what and to what: --from shop.order --to Order.")
    for end in (source, target):
        _require_type(end)
    kind = target if target in KINDS else source
    if kind not in KINDS:
        raise BadInput(
            f"Neither {source} nor {target} is a kind of document; there are {', '.join(KINDS)}.", value=kind
        )
    shape = _Shape(KINDS[kind].model_json_schema(), _READ if target in KINDS else _WRITTEN)
    fields, sample = shape.fields("source"), shape.sample()
    texts = {f"mappings/{name}.yaml": _text(name, source, target, fields, sample)}
    return write_new(root, with_modelines(root, texts))


def _require_type(name: str) -> None:
    if name not in KINDS and not _TYPE.fullmatch(name):
        suggestion = nearest(name, KINDS) or ": write a kind of document, or a payload type such as shop.order"
        raise BadInput(f"{name!r} is neither a kind of document nor a payload type{suggestion}.", value=name)


def _text(name: str, source: str, target: str, fields: Any, sample: Any) -> str:
    head = {"mapping": name, "from": source, "to": target, "fields": fields}
    tests = [{"name": "what is required", "input": sample, "expect": {"$partial": sample}}]
    kind = target if target in KINDS else source
    about = f"every required field of {'the' if target in KINDS else 'its'} {kind}"
    note = f"# Begun with {about}: put in place of each expression where it is found in {source}.\n"
    return note + _yaml(head) + _yaml({"tests": tests})


class _Dumper(yaml.SafeDumper):
    """Writes as a person would: items indented, nothing said by an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _yaml(data: Any) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


class _Shape:
    """What is required of a kind of document, as its schema says."""

    def __init__(self, schema: Schema, filters: Mapping[str, str]) -> None:
        self._schema = schema
        self._filters = filters

    def fields(self, path: str) -> dict[str, Any]:
        """The required fields, each read where it has the same name in the source."""
        return self._object(self._schema, path, 0)

    def sample(self) -> dict[str, Any]:
        """A tree with the least that is a document."""
        made: dict[str, Any] = self._sample(self._schema)
        return made

    def _object(self, schema: Schema, path: str, depth: int) -> dict[str, Any]:
        return {key: self._field(part, f"{path}.{key}", key, depth) for key, part in self._required(schema)}

    def _field(self, part: Schema, path: str, key: str, depth: int) -> Any:
        form = self._form(part)
        if form.get("type") == "array":
            item = self._item_name(key, depth)
            return {"$each": f"{path} as {item}", **self._item(self._form(form["items"]), item, depth + 1)}
        if "properties" in form:
            return self._object(form, path, depth)
        return path + self._filters.get(form.get("format", ""), "")

    def _item(self, form: Schema, name: str, depth: int) -> dict[str, Any]:
        return self._object(form, name, depth) if "properties" in form else {"$value": name}

    def _item_name(self, key: str, depth: int) -> str:
        """`line` for `lines`; a name that is taken gets a number."""
        name = key.removesuffix("s")
        return f"{name}{depth + 1}" if depth else name

    def _sample(self, part: Schema) -> Any:
        form = self._form(part)
        if form.get("type") == "array":
            return [self._sample(form["items"])]
        if "properties" in form:
            return {key: self._sample(inner) for key, inner in self._required(form)}
        return _value(form)

    def _required(self, schema: Schema) -> list[tuple[str, Schema]]:
        """The required keys; the header is the hub's."""
        return [(key, schema["properties"][key]) for key in schema.get("required", ()) if key != "header"]

    def _form(self, part: Schema) -> Schema:
        """The first form that is not null, its reference followed."""
        forms: Sequence[Schema] = part.get("anyOf") or part.get("allOf") or [part]
        form = next(one for one in forms if one.get("type") != "null")
        name = form.get("$ref", "").rpartition("/")[2]
        return self._schema["$defs"][name] if name else form


def _value(form: Schema) -> Any:
    """A value that fits."""
    if "enum" in form or "const" in form:
        return form.get("enum", [form.get("const")])[0]
    if form.get("format") in _FORMATS:
        return _FORMATS[form["format"]]
    if form.get("type") in ("integer", "number"):
        return 1
    if form.get("type") == "boolean":
        return True
    return _SAMPLES.get(form.get("pattern", ""), "1")
