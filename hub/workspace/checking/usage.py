"""What nothing uses: mappings, crosswalks and samples of the workspace's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from hub.mapping import ExpectedFile
from hub.mapping import Mapping as CompiledMapping
from hub.source import Location, Problems
from hub.workspace.files import is_sample
from hub.workspace.loader import CROSSWALKS, Draft
from hub.workspace.samples import sample_path
from hub.workspace.testing.reading import Tested
from hub.workspace.trials import named_files, trials_of


def check_unused(draft: Draft, own: Collection[str], tests: Iterable[Tested], problems: Problems) -> None:
    """Report `own` files that nothing uses, of a draft without errors: where there are some, they may hide the use."""
    used = _with_extended(draft)
    for mapping in draft.mappings.values():
        if mapping is not None and mapping.name not in used and mapping.location.file in own:
            message = f"no pipeline uses the mapping {mapping.name!r}"
            problems.warning("unused-mapping", message, mapping.location, "name it in a pipeline, or remove it")
    _check_crosswalks(draft, used, own, problems)
    _check_samples(draft, own, tests, problems)


def in_use(draft: Draft) -> Iterable[CompiledMapping]:
    """The mappings that pipelines name."""
    used = {}
    for pipeline, _ in draft.pipelines:
        if pipeline.recipe is not None:
            used[pipeline.recipe.mapping.name] = pipeline.recipe.mapping
        used.update((route.mapping.name, route.mapping) for route in pipeline.routes)
    return used.values()


def _with_extended(draft: Draft) -> set[str]:
    """The names of the mappings in use, and of those that they extend."""
    used: set[str] = set()
    for taken in in_use(draft):
        name: str | None = taken.name
        while name is not None and name not in used:
            used.add(name)
            base = draft.mappings.get(name)
            name = None if base is None else base.extends
    return used


def _check_crosswalks(draft: Draft, used: Collection[str], own: Collection[str], problems: Problems) -> None:
    """Report tables that no mapping reads: neither one in use nor one of the workspace's own."""
    reading = [one for one in draft.mappings.values() if one and (one.name in used or one.location.file in own)]
    read = {table for mapping in reading for table in mapping.crosswalks}
    for table in draft.crosswalks:
        path = f"{CROSSWALKS}/{table}.csv"
        if table not in read and path in own:
            where = Location(path, 1, 1)
            message = f"no mapping reads the crosswalk {table!r}"
            problems.warning("unused-crosswalk", message, where, f"read it by | crosswalk({table!r}), or remove it")


def _check_samples(draft: Draft, own: Collection[str], tests: Iterable[Tested], problems: Problems) -> None:
    of_trials = {path for trial in trials_of(draft, Problems()) for _, path in named_files(trial)}
    named = of_trials | set(_files_of_mappings(tests))
    for path in sorted(own):
        if is_sample(PurePosixPath(path)) and path not in named:
            message = "no test reads this sample"
            problems.warning("unused-sample", message, Location(path, 1, 1), "name it in a test, or remove it")


def _files_of_mappings(tests: Iterable[Tested]) -> Iterator[str]:
    for _, test in tests:
        if test.file is not None:
            yield sample_path(test, test.file)
        if isinstance(test.expect, ExpectedFile):
            yield sample_path(test, test.expect.path)
