"""When a failed attempt is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

Spread = Callable[[], float]
"""How much of the half of a wait that is left to chance is waited: 0 to 1."""

BY_CHANCE: Spread = random.random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first` up to `longest` (seconds), for `attempts` tries in all."""

    attempts: int
    first: float
    longest: float
    spread: Spread = BY_CHANCE

    def next_wait(self, attempt: int, *, at_least: float | None = None) -> float | None:
        """Seconds to wait after try number `attempt` failed; None if it was the last one.

        A random half of each wait keeps many deliveries from coming back at one moment.
        `at_least` is what the counterpart asked for.
        """
        if attempt >= self.attempts:
            return None
        whole = min(self.longest, self.first * 2.0 ** (attempt - 1))
        wait = whole / 2 + self.spread() * whole / 2
        return max(wait, at_least or 0.0)
