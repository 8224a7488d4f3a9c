"""Pipelines: which messages become which documents, and where those go."""

from __future__ import annotations

from hub.pipelines.compiler import LEDGER, Surroundings, compile_pipeline
from hub.pipelines.documents import tree_of
from hub.pipelines.identity import Identity, NotIdentified
from hub.pipelines.pipeline import Filtered, Made, Pipeline
from hub.pipelines.refusal import refusal
from hub.pipelines.route import AnyRoute, Need, ReplyRoute, Route

__all__ = [
    "LEDGER",
    "AnyRoute",
    "Filtered",
    "Identity",
    "Made",
    "Need",
    "NotIdentified",
    "Pipeline",
    "ReplyRoute",
    "Route",
    "Surroundings",
    "compile_pipeline",
    "refusal",
    "tree_of",
]
