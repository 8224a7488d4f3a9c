"""When a connection pulls that does not pull all day: `schedule: {cron: "30 2 * * mon-fri", zone: Europe/Berlin}`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_FIELDS: Final = 5
"""Those of cron. The library takes a sixth, for seconds, in front: who writes a sixth means that, or a year behind."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no zone of the IANA database, such as Europe/Berlin") from None
    return name


def _cron(text: str) -> str:
    try:
        if len(text.split()) != _FIELDS:
            raise CronSimError("Wrong number of fields")
        next(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(
            f"{text!r} is no time of cron ({str(error).lower()}); write minute, hour, day, month and weekday: "
            "30 2 * * mon-fri"
        ) from None
    except StopIteration:
        raise ValueError(f"{text!r} names a time that never comes") from None
    return text


class Schedule(BaseModel):
    """Times of the clock, as cron writes them, in a zone.

    Where the clock is put forward, a time that is skipped comes at the first moment after; where it
    is put back, a time that is there twice comes once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: Annotated[str, AfterValidator(_cron)] = Field(
        description="Minute, hour, day of the month, month and day of the week, as cron writes them."
    )
    zone: Annotated[str, AfterValidator(_zone)] = Field(default="UTC", description="The zone of its clock.")

    def next_after(self, moment: datetime) -> datetime:
        """The first of its times after an aware moment, in UTC."""
        return next(CronSim(self.cron, moment.astimezone(ZoneInfo(self.zone)))).astimezone(UTC)
