"""Finds connectors, formats, transports and simulators by name.

Those of this distribution are the folders of `connectors/`; others announce themselves by the
entry-point group `crossdock.connectors` (name: the connector's type; value: `module:Class`)
and `crossdock.formats`. Code is imported on first use, so that a worker loads only what its
connections need.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import connectors
from hub.contract.connector import BY_SETTINGS, Connector, Family
from hub.contract.errors import ConfigError
from hub.contract.format import Format
from hub.contract.simulator import Simulator

ANY: Final = "*"
"""Any payload type, in `emits` and `accepts`."""


def connector_types() -> list[str]:
    """The types of all connectors there are, sorted; nothing is imported."""
    return sorted(_connector_modules())


def find_connector(type_name: str) -> type[Connector[Any]]:
    """The connector class of a type; ConfigError with the nearest name if there is none."""
    modules = _connector_modules()
    if type_name not in modules:
        raise ConfigError(f"There is no connector {type_name!r}{nearest(type_name, modules)}.", value=type_name)
    module, attribute = modules[type_name]
    loaded: type[Connector[Any]] = _load(module, attribute, Connector)
    return loaded


def find_simulator(type_name: str) -> type[Simulator]:
    """The simulator that a connector ships; ConfigError if it ships none."""
    module = find_connector(type_name).__module__.rpartition(".")[0] + ".simulator"
    try:
        loaded: type[Simulator] = _load(module, None, Simulator)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ConfigError(f"The connector {type_name!r} ships no simulator.", value=type_name) from None
    return loaded


@cache
def find_format(name: str) -> Format:
    """The format of a name; ConfigError with the nearest name if there is none."""
    modules = _format_modules()
    if name not in modules:
        raise ConfigError(f"There is no format {name!r}{nearest(name, modules)}.", value=name)
    module, attribute = modules[name]
    loaded: type[Format] = _load(module, attribute, Format)
    return loaded()


def payload_format(
    names: Mapping[str, str], payload_type: str, by_settings: Callable[[], Mapping[str, Format]]
) -> Format | None:
    """The format that `emits` or `accepts` (type to name) gives a payload type; None if it names neither it nor `"*"`.

    `by_settings` is asked for types that are left to the connection's settings.
    """
    name = names.get(payload_type) or names.get(ANY)
    if name is None:
        return None
    return by_settings().get(payload_type) if name == BY_SETTINGS else find_format(name)


def sample_format(names: Mapping[str, str], payload_type: str) -> Format | None:
    """The same where no connection is at hand: what settings decide is read as its format is by default, `x12.850`
    by the format x12, or not at all."""
    prefix = payload_type.partition(".")[0]
    return payload_format(
        names, payload_type, lambda: {payload_type: find_format(prefix)} if prefix in _format_modules() else {}
    )


def format_names() -> list[str]:
    """The names of all formats there are, sorted."""
    return sorted(_format_modules())


def nearest(name: str, known: Any) -> str:
    """`; did you mean 'x'?` for the known name closest to `name`, or nothing."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _load(module: str, attribute: str | None, base: type[Any]) -> Any:
    """The named attribute of a module, or the one subclass of `base` that the module defines."""
    loaded = importlib.import_module(module)
    if attribute is not None:
        found = [getattr(loaded, attribute)]
    else:
        found = [value for value in vars(loaded).values() if _is_own(value, module, base)]
    if len(found) != 1 or not issubclass(found[0], base):
        raise ConfigError(f"{module} must define exactly one {base.__name__}, not {len(found)}.", value=module)
    return found[0]


def _is_own(value: Any, module: str, base: type[Any]) -> bool:
    return isinstance(value, type) and issubclass(value, base) and value.__module__ == module


def _root() -> Path:
    return Path(next(iter(connectors.__path__)))


def _folders(parent: Path) -> Iterator[Path]:
    for path in sorted(parent.iterdir()):
        if path.is_dir() and (path / "__init__.py").is_file():
            yield path


@cache
def _connector_modules() -> dict[str, tuple[str, str | None]]:
    """Type to (module, attribute). A folder's `connector.py` defines its one connector."""
    found: dict[str, tuple[str, str | None]] = {
        folder.name: (f"connectors.{family}.{folder.name}.connector", None)
        for family in Family
        if (_root() / family).is_dir()
        for folder in _folders(_root() / family)
    }
    for point in entry_points(group="crossdock.connectors"):
        found[point.name] = (point.module, point.attr)
    return found


@cache
def _format_modules() -> dict[str, tuple[str, str | None]]:
    """Name to (module, attribute). A module or package of `connectors/formats` defines its one format."""
    found: dict[str, tuple[str, str | None]] = {}
    for path in sorted((_root() / "formats").iterdir()):
        name = path.stem if path.suffix == ".py" else path.name
        if not name.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").is_file()):
            found[name] = (f"connectors.formats.{name}", None)
    for point in entry_points(group="crossdock.formats"):
        found[point.name] = (point.module, point.attr)
    return found
