"""The configuration of a hub: a directory checked, versions kept, compared, put in force and taken back."""
