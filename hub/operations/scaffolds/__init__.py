"""What one begins with: a workspace, a connection, a mapping, a pipeline, a connector, each whole and tested.

Every function writes new files and returns their paths; a file that is there is never touched.
"""

from __future__ import annotations

from hub.operations.scaffolds.connection import new_connection
from hub.operations.scaffolds.connector import new_connector
from hub.operations.scaffolds.mapping import new_mapping
from hub.operations.scaffolds.pipeline import new_pipeline
from hub.operations.scaffolds.workspace import init_workspace

__all__ = ["init_workspace", "new_connection", "new_connector", "new_mapping", "new_pipeline"]
