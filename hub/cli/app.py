"""The root of the command line.

Each noun is a module of this package that is imported when it is used, so that help and
completion are quick. Foreseen errors end as one message on standard error and an exit status:
1 findings or a failed check, 2 usage, 3 unreadable input, 4 refused.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from hub.contract.errors import ConfigError, CrossdockError
from hub.operations.errors import BadInput, OperationRefused
from hub.operations.previews import escape

FINDINGS = 1
USAGE = 2
UNREADABLE = 3
REFUSED = 4


@dataclass(frozen=True, slots=True)
class _Noun:
    """A module of this package: a `typer.Typer` named `app` for a noun with verbs, else the function `call`."""

    module: str
    help: str
    call: str = ""


NOUNS: dict[str, _Noun] = {
    "run": _Noun("run", "Run the hub: take webhooks, pull, map, deliver.", "run"),
    "worker": _Noun("worker", "Run workers alone, beside a hub on the same PostgreSQL.", "worker"),
    "check": _Noun("check", "Say everything that is wrong with the configuration.", "check"),
    "test": _Noun("test", "Run the tests of mappings and pipelines.", "run_tests"),
    "gate": _Noun("gate", "Say what a new configuration would make otherwise of what came.", "gate"),
    "map": _Noun("map", "Map one file and show what comes of it.", "map_file"),
    "schema": _Noun("schema", "JSON Schemas of the files of a workspace, for editors.", "schema"),
    "init": _Noun("init", "Make a new workspace that works at once.", "init"),
    "new": _Noun("new", "Write a connection, mapping, pipeline or connector to begin with."),
    "orders": _Noun("orders", "Orders: what every system knows of one, and what happened to it."),
    "messages": _Noun("messages", "Messages: what arrived, and what became of it."),
    "deliveries": _Noun("deliveries", "Deliveries: what was sent, and each attempt."),
    "failures": _Noun("failures", "Failures: what stopped, why, and what to do."),
    "reconcile": _Noun("reconcile", "Pull from a connection now.", "reconcile"),
    "replay": _Noun("replay", "Send what failed again, once its cause is mended."),
    "crosswalk": _Noun("crosswalk", "Crosswalks: code tables and rows added to them."),
    "connections": _Noun("connections", "Connections: how each stands, and whether it answers."),
    "connectors": _Noun("connectors", "Connectors: the systems that can be spoken to."),
    "config": _Noun("config", "Versions of the configuration: what is active, applied, taken back."),
    "token": _Noun("token", "Tokens: who may use the admin API and the metrics."),
    "ledger": _Noun("ledger", "The ledger: the events that everything is folded from."),
    "demo": _Noun("demo", "Play a story with simulated counterparts.", "demo"),
    "sandbox": _Noun("sandbox", "Run the simulated counterparts of a story alone.", "sandbox"),
}


def load(name: str) -> TyperCommand | TyperGroup:
    """The command of a noun, its module imported."""
    noun = NOUNS[name]
    module = import_module(f"hub.cli.{noun.module}")
    if not noun.call:
        group = typer.main.get_group(module.app)
        group.name, group.help = name, noun.help
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(getattr(module, noun.call))
    command = typer.main.get_command(alone)
    assert isinstance(command, TyperCommand)
    return command


class _Nouns(TyperGroup):
    """Lists nouns without importing them, and turns errors into messages."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=noun.help) for name, noun in NOUNS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if command is None or name is None else load(name), rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CrossdockError as error:
            _say(error.message)
            raise typer.Exit(_status(error)) from error
        except Exception as error:
            if not _is_database_error(error):
                raise
            _say(f"The database does not do it: {getattr(error, 'orig', None) or error}")
            raise typer.Exit(REFUSED) from error


def _say(message: str) -> None:
    typer.echo(escape(message), err=True)


def _status(error: CrossdockError) -> int:
    if isinstance(error, ConfigError | OperationRefused):
        return REFUSED
    return USAGE if isinstance(error, BadInput) else FINDINGS


def _is_database_error(error: Exception) -> bool:
    """Whether the database is away, locked or full; SQLAlchemy is imported only if it is in use."""
    exc = sys.modules.get("sqlalchemy.exc")
    return exc is not None and isinstance(error, exc.OperationalError)


app = typer.Typer(
    cls=_Nouns,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - reads the file system; only where asked for

        typer.echo(f"crossdock {version('crossdock')}")
        raise typer.Exit


def _choose_environment(name: str) -> str:
    """Put the choice where the configuration is read, also by the processes that are started."""
    if name:
        os.environ["CROSSDOCK_ENVIRONMENT"] = name
    return name


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_show_version, is_eager=True)
    ] = False,
    environment: Annotated[
        str,
        typer.Option(
            "--environment",
            metavar="NAME",
            callback=_choose_environment,
            help="The environment, config/environments/NAME.yaml; by default the one that config/hub.yaml names.",
        ),
    ] = "",
) -> None:
    """Crossdock: an order-integration hub."""
