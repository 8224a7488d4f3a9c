"""JSON Schemas of the files of a workspace, for editors."""
