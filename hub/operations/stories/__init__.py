"""Stories of the sandbox, found and played on a hub that runs."""
