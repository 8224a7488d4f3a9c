"""The contracts: documents, connectors, formats, transports, errors, and how they are found.

Everything a connector may know of the hub is in this package.
"""
