"""What a connector says of itself: names, settings, manifest and README, held to its code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from hub.contract.connector import BY_SETTINGS, Connector, ConnectorConfig, Manifest, Quality, Support
from hub.contract.registry import format_names
from hub.contract.testkit.suite.base import ConnectorContract

HUB_KEYS = frozenset({"connection", "type", "system", "retry", "concurrency", "every", "schedule", "paused", "shadow"})
"""Keys of a connection's file that are the hub's own, whatever the connector."""

SECRET_ENDINGS = ("password", "secret", "token", "passphrase", "private_key", "api_key")
"""A field whose name ends so holds a secret."""

_PAYLOAD_TYPE = re.compile(r"[a-z0-9_]+\.[a-z0-9_./-]+")
_YAML_BLOCK = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_README_SECTIONS = {
    "Configuration": "configur",
    "Idempotency and doubt": "idempoten|doubt",
    "Limits": "limit",
    "Simulator": "simulator|sandbox",
}
_README_DIRECTIONS = {
    "receive": ("What it receives", "receive|webhook"),
    "pull": ("What it receives", "receive|pull|read"),
    "push": ("What it sends", "send|sent|push"),
}


class DescribedContract(ConnectorContract):
    """Tests that need no counterpart."""

    @pytest.fixture
    def readme(self, connector_class: type[Connector[Any]]) -> str:
        """The text of the README beside the connector."""
        path = Path(inspect.getfile(connector_class)).with_name("README.md")
        assert path.is_file(), f"{path} is missing."
        return path.read_text(encoding="utf-8")

    def test_name_is_its_type_and_folder(self, connector_class: type[Connector[Any]]) -> None:
        package = connector_class.__module__.split(".")
        assert connector_class.name == self.connector_type, f"{connector_class.__qualname__}.name is not its type."
        if package[0] == "connectors":
            assert package[1:3] == [connector_class.family, connector_class.name], (
                f"{'/'.join(package[:3])} is not the folder of family {connector_class.family}."
            )

    def test_settings_are_described_and_secrets_hidden(self, connector_class: type[Connector[Any]]) -> None:
        config = connector_class.Config
        assert issubclass(config, ConnectorConfig), f"{config.__name__} must be a ConnectorConfig."
        taken = HUB_KEYS & set(config.model_fields)
        assert not taken, f"{sorted(taken)} are the hub's own keys of a connection; name the fields otherwise."
        fields = list(fields_of(config))
        bare = [path for path, info in fields if not info.description]
        assert not bare, f"These settings have no description: {bare}."
        open_secrets = [path for path, info in fields if path.endswith(SECRET_ENDINGS) and not _is_secret(info)]
        assert not open_secrets, f"These settings are secrets and must be SecretStr: {open_secrets}."

    def test_payload_types_have_formats(self, connector_class: type[Connector[Any]]) -> None:
        manifest = connector_class.manifest
        assert bool(connector_class.emits) == bool(manifest.direction & {"receive", "pull"}), (
            "emits names payload types exactly if the connector receives or pulls."
        )
        assert bool(connector_class.accepts) == ("push" in manifest.direction), (
            "accepts names payload types exactly if the connector pushes."
        )
        for payload, format_name in [*connector_class.emits.items(), *connector_class.accepts.items()]:
            assert payload == "*" or _PAYLOAD_TYPE.fullmatch(payload), f"{payload!r} is not like 'system.thing'."
            known = format_name == BY_SETTINGS or format_name in format_names()
            assert known, f"{payload!r} names the format {format_name!r}, which is not there."

    def test_manifest_directions_are_what_the_code_does(self, connector_class: type[Connector[Any]]) -> None:
        manifest = connector_class.manifest
        assert manifest.direction, "The manifest declares no direction."
        assert manifest.direction <= {"receive", "pull", "push"}, f"{set(manifest.direction)} has an unknown direction."
        for direction in ("receive", "pull", "push"):
            assert (direction in manifest.direction) == _overrides(connector_class, direction), (
                f"The manifest and the code differ over {direction!r}."
            )
        assert "pull" in manifest.direction or not _overrides(connector_class, "ack"), (
            "ack without pull is never called."
        )

    def test_manifest_qualities_are_explained_and_possible(self, connector_class: type[Connector[Any]]) -> None:
        manifest = connector_class.manifest
        assert manifest.title.strip(), "The manifest has no title."
        unexplained = [name for name, quality in qualities_of(manifest) if not quality.how.strip()]
        assert not unexplained, f"These qualities do not say how or why not: {unexplained}."
        assert (manifest.find.support is Support.YES) == _overrides(connector_class, "find"), (
            "The manifest says YES of find exactly if find is written."
        )
        assert manifest.signature.support is not Support.YES or "receive" in manifest.direction, (
            "There is no signature without receive."
        )
        for name in ("idempotency", "find"):
            assert getattr(manifest, name).support is not Support.YES or "push" in manifest.direction, (
                f"There is no {name} without push."
            )

    def test_readme_tells_what_users_need(self, connector_class: type[Connector[Any]], readme: str) -> None:
        headings = "\n".join(_HEADING.findall(readme)).lower()
        wanted = [*_README_SECTIONS.items(), *(_README_DIRECTIONS[name] for name in connector_class.manifest.direction)]
        missing = [title for title, pattern in wanted if not re.search(pattern, headings)]
        assert not missing, f"The README has no section like {missing}."

    def test_readme_names_actions_and_faults_of_the_simulator(self, readme: str) -> None:
        names = self.case_type.actions | self.case_type.faults
        missing = sorted(name for name in names if f"`{name}`" not in readme)
        assert not missing, f"The README does not name these actions or faults of the simulator: {missing}."

    def test_readme_example_is_a_valid_connection(self, connector_class: type[Connector[Any]], readme: str) -> None:
        blocks = [yaml.safe_load(block) for block in _YAML_BLOCK.findall(readme)]
        examples = [block for block in blocks if isinstance(block, dict) and block.get("type") == self.connector_type]
        assert examples, f"The README shows no connection with `type: {self.connector_type}`."
        for example in examples:
            settings = {key: value for key, value in example.items() if key not in HUB_KEYS}
            refused = _refused(connector_class.Config, settings)
            assert not refused, f"An example in the README is not valid: {refused}."


def fields_of(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """All settings with their dotted names, those of nested models too."""
    for name, info in model.model_fields.items():
        yield f"{path}{name}", info
        for inner in _types_in(info.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from fields_of(inner, f"{path}{name}.")


def qualities_of(manifest: Manifest) -> list[tuple[str, Quality]]:
    """The declared qualities by name."""
    names = ("signature", "idempotency", "ordering", "find", "backoff", "redaction")
    return [(name, getattr(manifest, name)) for name in names]


def _types_in(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _types_in(argument)


def _is_secret(info: FieldInfo) -> bool:
    return any(inner in (SecretStr, SecretBytes) for inner in _types_in(info.annotation))


def _overrides(connector_class: type[Connector[Any]], method: str) -> bool:
    return getattr(connector_class, method) is not getattr(Connector, method)


def _refused(config: type[ConnectorConfig], settings: dict[str, Any]) -> list[str]:
    """What is wrong with the settings; a value yet to be filled from `${…}` may be of any kind."""
    try:
        config.model_validate(settings)
    except ValidationError as error:
        found = [item for item in error.errors() if "${" not in str(item["input"]) or item["type"] == "extra_forbidden"]
        return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found]
    return []
