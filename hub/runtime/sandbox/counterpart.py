"""What a sandbox is told to run: its counterparts, and where the hub is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from hub.contract.values import fixed


def jsonable(value: Any) -> Any:
    """A copy in which decimals are text in fixed notation, so that no amount becomes a float."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return fixed(value) if isinstance(value, Decimal) else value


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]
"""A connection's name; it names a folder too."""


class Counterpart(BaseModel):
    """One simulated system."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    simulator: str = Field(description="The connector type whose simulator it is.")
    settings: Annotated[dict[str, Any], AfterValidator(jsonable)] = Field(
        default_factory=dict, description="What the simulator is started with."
    )


class Setup(BaseModel):
    """A sandbox's whole task: the line of JSON that its process reads first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counterparts: dict[Name, Counterpart]
    hub_url: str = Field(description="Where the hub takes webhooks, without `/in`.")
    directory: Path = Field(description="Room for the counterparts' files, a folder each.")
