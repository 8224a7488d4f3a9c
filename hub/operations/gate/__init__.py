"""The gate before a change of configuration: what would be otherwise, seen on what the hub really got."""

from hub.operations.gate.gate import run_gate
from hub.operations.gate.page import page_of
from hub.operations.gate.report import Example, Group, Kind, Place, Report
from hub.operations.gate.stored import Selection

__all__ = ["Example", "Group", "Kind", "Place", "Report", "Selection", "page_of", "run_gate"]
