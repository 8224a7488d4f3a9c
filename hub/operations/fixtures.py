"""Fixtures: a stored message as a masked test of the mapping it failed in, or was made by."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from hub.contract.documents import Order
from hub.contract.errors import RejectedMessage
from hub.contract.format import Format
from hub.contract.registry import find_format
from hub.ledger.incoming import unpack
from hub.mapping import Mapping as CompiledMapping
from hub.mapping import MappingFailed
from hub.operations.configuration import load_workspace
from hub.operations.documents import targets_of
from hub.operations.errors import OperationRefused
from hub.operations.fixture_yaml import test_text, with_test
from hub.operations.ids import resolve, short
from hub.operations.masking import Masker
from hub.operations.parts import part_of
from hub.operations.rows import AnyRow
from hub.pipelines import tree_of
from hub.store import Store, tables
from hub.store.bodies import read_stream
from hub.store.references import numbers_of
from hub.store.statements import loads
from hub.workspace import Workspace, read_directory, standard_library
from hub.workspace.files import Files
from hub.workspace.samples import as_source, check_document, read_sample, sample_path
from hub.workspace.testing import DEFAULTS, Answers, run_tests

_GIVEN = ("effect", "target", "connection", "headers", "message", "order")
"""Variables that a test gives, if its mapping reads them."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """A test that was made of a message.

    `test` is its YAML, `sample` the file it reads beside the mapping, if any, with its text.
    `written` says whether both stand in the workspace; a mapping of the library is left as it is.
    `error` is what the test expects to fail, None if it expects a result; `as_then` says
    whether that is what failed of the message.
    """

    mapping: str
    file: str
    name: str
    test: str
    sample: str | None
    content: str | None
    error: str | None
    as_then: bool
    written: bool


@dataclass(slots=True)
class _Case:
    """One run of a mapping: what it reads, and in which format that is kept."""

    mapping: CompiledMapping
    source: Any
    format: Format | None
    variables: dict[str, Any]
    failed: str | None
    xref: dict[str, dict[str, str]] = field(default_factory=dict)


def make_fixture(store: Store, root: Path, message: str) -> Fixture:
    """Make a masked test of a message, by the workspace at `root` as its files are, and write it there.

    Of what failed of the message the last counts; if nothing did, its first document. Raises
    NotFound for a message that is not there; OperationRefused where no mapping can be tested
    with it; ConfigurationRefused if the files have errors.
    """
    workspace = load_workspace(root)
    with store.read() as connection:
        whole = resolve(connection, tables.message, message)
        case = _case(connection, workspace, whole)
    _mask(case)
    name = f"message {short(whole)}"
    if any(test.name == name for test in case.mapping.tests):
        raise OperationRefused(f"The mapping {case.mapping.name} has a test {name!r} already.", value=message)
    fixture, test = _fixture(case, workspace, name)
    return _written(fixture, test, root, workspace)


def _case(connection: Connection, workspace: Workspace, message: str) -> _Case:
    failure, document = tables.failure.c, tables.document.c
    failed = connection.execute(
        select(tables.failure).where(failure.target.in_(targets_of([message]))).order_by(failure.opened_at.desc())
    ).first()
    if failed is not None and failed.target_kind == "delivery":
        return _of_delivery(connection, workspace, failed)
    statement = select(tables.document).where(document.message == message, document.cause.is_(None))
    if failed is not None:
        statement = statement.where(document.id == failed.target)
    row = connection.execute(statement.order_by(document.ordinal).limit(1)).first()
    if row is None:
        raise OperationRefused("Nothing could be read of the message, so no mapping can be tested with it.")
    return _of_document(connection, workspace, row, failed)


def _of_document(connection: Connection, workspace: Workspace, row: AnyRow, failed: AnyRow | None) -> _Case:
    message = connection.execute(select(tables.message).where(tables.message.c.id == row.message)).one()
    part = part_of(workspace, message, read_stream(connection, message.id), row.ordinal)
    if part.pipeline.recipe is None:
        raise OperationRefused(f"The pipeline {part.pipeline.name} makes nothing of {part.type}.")
    variables = dict(part.variables)
    source = variables.pop("source")
    if variables["message"] is source:
        del variables["message"]
    format_ = workspace.decoder(message.connection, message.type)
    case = _Case(part.pipeline.recipe.mapping, source, format_, variables, _field_of(failed))
    case.xref = _numbers(connection, row.subject)
    return case


def _of_delivery(connection: Connection, workspace: Workspace, failed: AnyRow) -> _Case:
    delivery = connection.execute(select(tables.delivery).where(tables.delivery.c.id == failed.target)).one()
    document = connection.execute(select(tables.document).where(tables.document.c.id == delivery.document)).one()
    mapping = workspace.mappings.get(delivery.mapping)
    if mapping is None:
        raise OperationRefused(f"The mapping {delivery.mapping!r} of what failed is not in the workspace.")
    variables = {"effect": delivery.effect, "target": delivery.system}
    source = loads(unpack(document.content).decode())
    case = _Case(mapping, source, find_format("json"), variables, _field_of(failed))
    if mapping.reads("order"):
        case.variables["order"] = source if document.kind == Order.__name__ else _order(connection, delivery.subject)
    case.xref = _numbers(connection, delivery.subject)
    return case


def _order(connection: Connection, subject: str) -> Any:
    """The order as its source said it last; empty if there is none."""
    document, said = tables.document.c, tables.subject_source.c
    statement = (
        select(document.content)
        .join(tables.subject_source, said.document == document.id)
        .join(tables.order_head, tables.order_head.c.subject == said.subject)
        .where(said.subject == subject, said.kind == Order.__name__, said.source == tables.order_head.c.source)
    )
    content = connection.execute(statement).scalar()
    return {} if content is None else tree_of(Order.model_validate_json(unpack(content)))


def _numbers(connection: Connection, subject: str | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (system, kind), value in (numbers_of(connection, [subject])[subject] if subject else {}).items():
        found.setdefault(system, {})[kind] = value
    return found


def _field_of(failed: AnyRow | None) -> str | None:
    return None if failed is None else loads(failed.place).get("field")


def _mask(case: _Case) -> None:
    """Mask what the mapping reads, all by one masker, so that it still fits together."""
    read = {name: value for name, value in case.variables.items() if name in _GIVEN and case.mapping.reads(name)}
    masked = Masker().mask({"source": case.source, "variables": read})
    case.source, case.variables = masked["source"], masked["variables"]


def _fixture(case: _Case, workspace: Workspace, name: str) -> tuple[Fixture, dict[str, Any]]:
    sample, content, given_input = _input(case, name)
    expect, errors = _expectation(case, workspace)
    asks = "xref(" in workspace.files[case.mapping.location.file].decode()
    given = {**case.variables, **({"xref": case.xref} if asks and case.xref else {})}
    test = {"name": name, "input": given_input, **({"given": given} if given else {}), "expect": expect}
    fixture = Fixture(
        mapping=case.mapping.name,
        file=case.mapping.location.file,
        name=name,
        test=test_text(test),
        sample=sample,
        content=content,
        error=next(iter(errors), None),
        as_then=case.failed in errors if case.failed else not errors,
        written=False,
    )
    return fixture, test


def _input(case: _Case, name: str) -> tuple[str | None, str | None, Any]:
    """Path and text of the sample, and the test's `input`: the tree itself where no file would be read as it."""
    if case.format is None:
        return None, None, case.source
    file = f"samples/{name.replace(' ', '_')}{case.format.suffix}"
    path = sample_path(case.mapping, file)
    try:
        content = case.format.encode(case.source, case.mapping.source_type)
        if read_sample(case.mapping, path, content) == as_source(case.mapping, case.source):
            return path, content.decode(), {"$file": file}
    except (NotImplementedError, RejectedMessage, UnicodeDecodeError):
        pass  # A part of a message, or a format that is only read: the tree says as much.
    return None, None, case.source


def _expectation(case: _Case, workspace: Workspace) -> tuple[Any, list[str]]:
    """What the mapping makes of it today, or the first error, with the names of all fields that fail."""
    source = as_source(case.mapping, case.source)
    variables = {**DEFAULTS, "message": source, **case.variables, "source": source}
    try:
        output = case.mapping.run(variables, Answers(case.xref, {}, workspace.crosswalks))
        check_document(case.mapping, output)
    except MappingFailed as error:
        first = error.errors[0]
        return {"$error": {"field": first.field, "contains": first.message}}, [one.field for one in error.errors]
    return output, []


def _written(fixture: Fixture, test: dict[str, Any], root: Path, workspace: Workspace) -> Fixture:
    """Put it into the workspace, once the test has been seen to pass there."""
    files = read_directory(root)
    changed = with_test(workspace.files[fixture.file].decode(), fixture.file, test)
    if changed is None:
        return fixture
    new = {fixture.file: changed}
    if fixture.sample is not None and fixture.content is not None:
        new[fixture.sample] = fixture.content
    _require_pass(fixture, {**files, **{path: text.encode() for path, text in new.items()}})
    if fixture.file not in files:
        return fixture
    for path, text in new.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="")
    return replace(fixture, written=True)


def _require_pass(fixture: Fixture, files: Files) -> None:
    for result in run_tests(files, fixture.name, library=standard_library()):
        if (result.location.file, result.name) == (fixture.file, fixture.name) and not result.passed:
            message = f"The message makes no test of {fixture.mapping}: {result.differences[0]}"
            raise OperationRefused(message, mapping=fixture.mapping)
