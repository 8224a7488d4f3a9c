"""Parties and addresses."""

from __future__ import annotations

from pydantic import Field

from hub.contract.values import Code, Country, Model, Text


class Identifier(Model):
    """A number of a party under a scheme: GLN, DUNS, or a system's own (`acme-sap`)."""

    scheme: Code
    value: Code


class Party(Model):
    """Somebody with a name, an address and numbers."""

    name: Text | None = None
    company: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    street: list[Text] = Field(default_factory=list, description="Street lines, at most four.", max_length=4)
    city: Text | None = None
    postcode: Text | None = None
    region: Text | None = Field(default=None, description="State or province code.")
    country: Country | None = None
    identifiers: list[Identifier] = Field(default_factory=list)
