"""When a failed attempt is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first` up to `longest` (seconds), for `attempts` tries in all."""

    attempts: int
    first: float
    longest: float

    def next_wait(self, attempt: int, *, at_least: float | None = None) -> float | None:
        """Seconds to wait after try number `attempt` failed; None if it was the last one.

        A random half of each wait keeps many deliveries from coming back at one moment.
        `at_least` is what the counterpart asked for.
        """
        if attempt >= self.attempts:
            return None
        whole = min(self.longest, self.first * 2.0 ** (attempt - 1))
        wait = whole / 2 + random.random() * whole / 2  # noqa: S311 - spreads load, keeps no secret
        return max(wait, at_least or 0.0)
