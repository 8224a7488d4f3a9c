"""Tests of pipelines, run on small workspaces: a shop's orders go to HTTP targets, or to an ERP by files."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from hub.operations.trials import TrialCase, pipeline_cases
from hub.source import Problems
from hub.workspace.loader import Draft, read_draft
from hub.workspace.trials import check_trials
from tests.runtime.workspaces import http_target, shop_to_targets

NOWHERE = "http://${env:NOBODY_SETS_THIS}"
RETRY = "{attempts: 3, first: 10s, longest: 20s}"
ORDER = """\
{id: 1, name: "#1", updated_at: "2026-01-05T08:00:00Z", total: "9.50",
 lines: [{id: 11, sku: MUG, quantity: 2}]}
"""
PATH = "pipelines/orders.test.yaml"


def shop(*, more: Mapping[str, str] | None = None, **targets: str) -> dict[str, str]:
    """A workspace whose orders go to HTTP targets, by name with the lines of each that are its own."""
    files = {name: http_target(name, NOWHERE, retry=RETRY) + lines for name, lines in (targets or {"erp": ""}).items()}
    return {**shop_to_targets(files), **(more or {})}


def draft_of(steps: str, files: Mapping[str, str] | None = None, *, head: str = "") -> Draft:
    """A workspace with one test of its pipeline `orders`: steps as YAML, `head` as more of the test's keys."""
    test = f"pipeline: orders\ntests:\n- name: one\n{indent(head, '  ')}\n  steps:\n{indent(steps, '  ')}"
    return draft({**(files or shop()), PATH: test.replace("$ORDER", " ".join(ORDER.split()))})


def draft(files: Mapping[str, str]) -> Draft:
    """A workspace as its tests see it."""
    return read_draft({path: text.encode() for path, text in files.items()}, environ={})


def case_of(drafted: Draft) -> TrialCase:
    """Its one test."""
    [case] = pipeline_cases(drafted, drafted.files)
    return case


def differences(steps: str, files: Mapping[str, str] | None = None, *, head: str = "") -> list[str]:
    """What differs when the steps are played; nothing if all is as expected."""
    return case_of(draft_of(steps, files, head=head)).run()


def problems(drafted: Draft) -> list[str]:
    """What `crossdock check` says of its tests."""
    found = Problems()
    check_trials(drafted, found)
    return [str(problem) for problem in found]
