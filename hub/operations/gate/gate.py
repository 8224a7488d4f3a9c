"""The gate: stored messages through the active configuration and through a new one, without any effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hub.ledger.policy import PATH as POLICY
from hub.operations.connections.pauses import require
from hub.operations.gate.comparison import Comparison
from hub.operations.gate.findings import Findings
from hub.operations.gate.report import FileChange, Kind, Report
from hub.operations.gate.side import Side
from hub.operations.gate.stored import Selection, chosen
from hub.store import Store
from hub.workspace import Workspace, load, read_directory, standard_library
from hub.workspace.checking import check
from hub.workspace.environments import KEPT
from hub.workspace.files import Files
from hub.workspace.loader import CONNECTIONS
from hub.workspace.versions import load_active


def run_gate(store: Store, root: Path, which: Selection, *, examples: int) -> Report:
    """What would be otherwise if the hub ran the files at `root`, with `examples` of each difference at most.

    Both configurations are read in the environment that the hub runs. Nothing is written: not to the
    database, and to no counterpart. Raises ConfigurationRefused with all that is wrong with the
    files; ConfigError where no configuration is active yet, and where a value of the environment is
    missing; NotFound for a connection that the active configuration does not have.
    """
    files = read_directory(root)
    check(files, library=standard_library()).raise_if_errors()
    with store.read() as connection:
        active = load_active(connection)
        if which.connection is not None:
            require(active, which.connection)
        ids = chosen(connection, which)
        new = _loaded(files, active)
        sides = Side(active, store), Side(new, store)
        for side in sides:
            side.refresh(connection)
    findings = Findings(examples)
    comparison = Comparison(*sides, findings)
    for id_ in ids:
        with store.read() as connection:
            comparison.look_at(connection, id_)
    return _report(active, new, findings)


def _loaded(files: Files, active: Workspace) -> Workspace:
    """The new configuration, in the environment of the active one."""
    kept = {KEPT: active.files[KEPT]} if KEPT in active.files else {}
    return load({**files, **kept}, library=standard_library()).usable()


def _report(active: Workspace, new: Workspace, findings: Findings) -> Report:
    changes = _changes(active.files, new.files)
    groups = findings.groups()
    counts = findings.counts()
    seen = findings.seen
    return Report(
        active=active.version,
        new=new.version,
        messages=seen["messages"],
        documents=seen["documents"],
        deliveries=seen["deliveries"],
        differs=any(group.kind is not Kind.AS_BEFORE for group in groups),
        summary=_summary(seen, counts),
        counts=counts,
        groups=groups,
        files=changes,
        notes=_notes(seen, changes),
    )


def _summary(seen: Counter[str], counts: dict[str, int]) -> str:
    looked_at = ", ".join(_many(seen[noun], noun) for noun in ("messages", "documents", "deliveries"))
    found = ", ".join(f"{count} {words}" for words, count in counts.items()) or "nothing would be otherwise"
    return f"{looked_at}: {found}."


def _many(count: int, nouns: str) -> str:
    one = {"deliveries": "delivery"}.get(nouns, nouns.removesuffix("s"))
    return f"{count} {one if count == 1 else nouns}"


def _changes(before: Files, after: Files) -> list[FileChange]:
    changes = []
    for path in sorted({*before, *after} - {KEPT}):
        if before.get(path) != after.get(path):
            what = "added" if path not in before else "removed" if path not in after else "changed"
            changes.append(FileChange(path, what))
    return changes


def _notes(seen: Counter[str], changes: Sequence[FileChange]) -> list[str]:
    """What could not be compared, in sentences."""
    notes = []
    if seen["bodiless"]:
        notes.append(f"{_many(seen['bodiless'], 'messages')} passed over: the bytes were removed.")
    if seen["unapplied"]:
        notes.append(f"{_many(seen['unapplied'], 'documents')} without a recorded effect: no deliveries to compare.")
    if seen["waiting"]:
        waiting = _many(seen["waiting"], "deliveries")
        notes.append(f"{waiting} waiting for a number: what is carried was not compared.")
    if any(change.path == POLICY for change in changes):
        notes.append(f"{POLICY} differs: what the ledger makes was taken as it is kept, not made anew.")
    settings = [change.path for change in changes if change.path.startswith((CONNECTIONS, "config/environments"))]
    if settings:
        notes.append(f"{', '.join(settings)}: of settings only those of formats were compared.")
    return notes
