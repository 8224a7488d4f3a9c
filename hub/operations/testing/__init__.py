"""The tests of a workspace: run, reported, and brought up to date."""

from __future__ import annotations

from hub.operations.testing.coverage import Gap, MappingCoverage
from hub.operations.testing.junit import junit_xml
from hub.operations.testing.run import TestRun, TestView, run_workspace_tests
from hub.operations.testing.update import Written

__all__ = ["Gap", "MappingCoverage", "TestRun", "TestView", "Written", "junit_xml", "run_workspace_tests"]
