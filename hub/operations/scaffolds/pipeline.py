"""A new pipeline: a connection's payloads, and the mappings that read them and make what the target takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.contract.documents import KINDS
from hub.contract.registry import ANY, nearest
from hub.mapping import ExpectedError
from hub.mapping import Mapping as CompiledMapping
from hub.operations.errors import BadInput, NotFound
from hub.operations.scaffolds.editing import with_modelines
from hub.operations.scaffolds.writing import require_name, write_new
from hub.operations.trials import pipeline_cases
from hub.source import ConfigurationRefused
from hub.workspace import Connection, Files, read_directory, standard_library
from hub.workspace.loader import read_draft
from hub.workspace.samples import sample_path


def new_pipeline(root: Path, name: str, source: str | None, target: str | None, payload: str | None) -> list[str]:
    """Write `pipelines/NAME.yaml` from a connection's payloads of a type to another connection.

    The mappings must be there; of several the one whose name comes first is taken, and for a
    connection that takes anything one of the workspace's own. Where a sample of the payload goes
    through, a test that says so comes with it. BadInput says which mapping is missing, NotFound
    which connection is.
    """
    require_name(name)
    if source is None or target is None or payload is None:
        raise BadInput("Say from what to what: --from CONNECTION --type PAYLOAD --to CONNECTION.")
    files = read_directory(root)
    draft = read_draft(files, standard_library())
    mappings = [one for one in draft.mappings.values() if one is not None]
    own = {one.name for one in mappings if one.location.file in files}
    _find(source, draft.connections)
    taking = _find(target, draft.connections)
    reading = [one for one in mappings if one.source_type == payload and one.target_type in KINDS]
    reader = _first(reading, f"from {payload} to a kind of document", f"--from {payload} --to Order")
    kind = reader.target_type
    accepted = taking.connector.accepts
    writing = [
        one
        for one in mappings
        if one.source_type == kind and (one.target_type in accepted or (ANY in accepted and one.name in own))
    ]
    writer = _first(writing, f"from {kind} to what {target} takes", f"--from {kind} --to {taking.spec.type}.TYPE")
    parts = _Parts(name, source, payload, reader, target, writer)
    texts = {f"pipelines/{name}.yaml": parts.text()}
    for sample in _samples(reader, own):
        tested = {**texts, f"pipelines/{name}.test.yaml": parts.test(sample)}
        if _passes({**files, **{path: text.encode() for path, text in tested.items()}}, name):
            texts = tested
            break
    return write_new(root, with_modelines(root, texts))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a pipeline is made of."""

    name: str
    source: str
    payload: str
    reader: CompiledMapping
    target: str
    writer: CompiledMapping

    def text(self) -> str:
        """The file."""
        kind = self.reader.target_type
        model = KINDS[kind]
        intent = "snapshot" if model.opens_subject else "delta"
        return (
            f"pipeline: {self.name}\n"
            f"from: {{connection: {self.source}, types: [{self.payload}]}}\n"
            f"# By which number it is known again, and (as version) by what a newer one is told from an older.\n"
            f"subject: {{{model.subject_kind}: source.number, intent: {intent}}}\n"
            f"steps:\n"
            f"  - map: {self.reader.name}\n"
            f"routes:\n"
            f"  # When: effect tells what the document did, such as effect == 'created'; without it, always.\n"
            f"  - {{to: {self.target}, map: {self.writer.name}}}\n"
        )

    def test(self, sample: str) -> str:
        """The file of its test: a sample comes, and is delivered."""
        return (
            f"pipeline: {self.name}\n"
            f"tests:\n"
            f"  - name: what {self.source} sends reaches {self.target}\n"
            f"    input: {{$file: ../{sample}}}\n"
            f"    expect:\n"
            f"      documents: [{{kind: {self.reader.target_type}, state: applied}}]\n"
            f"      deliveries: [{{to: {self.target}, type: {self.writer.target_type}, state: delivered}}]\n"
            f"      failures: []\n"
        )


def _samples(reader: CompiledMapping, own: Collection[str]) -> Iterator[str]:
    """Samples of the workspace that the tests of a mapping read and that become a document."""
    for test in reader.tests if reader.name in own else ():
        if test.file is not None and not isinstance(test.expect, ExpectedError):
            yield sample_path(reader, test.file)


def _passes(files: Files, name: str) -> bool:
    """Whether the test of a new pipeline passes among these files; it does not where others are wrong."""
    try:
        cases = pipeline_cases(read_draft(files, standard_library(), environ={}), files)
    except ConfigurationRefused:
        return False
    return all(case.run() == [] for case in cases if case.location.file == f"pipelines/{name}.test.yaml")


def _find(name: str, connections: Mapping[str, Connection]) -> Connection:
    if name not in connections:
        raise NotFound(f"There is no connection {name!r}{nearest(name, connections)}.", value=name)
    return connections[name]


def _first(found: Sequence[CompiledMapping], what: str, options: str) -> CompiledMapping:
    if not found:
        raise BadInput(f"There is no mapping {what}; begin one with `crossdock new mapping NAME {options}`.")
    return min(found, key=lambda one: one.name)
