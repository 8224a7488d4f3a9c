"""Bounds, so that no expression and no input makes a mapping run away.

Those of the language are found when a mapping is compiled, those of a run while it runs.
"""

from __future__ import annotations

from typing import Final

MAX_EXPRESSION: Final = 4_000
"""Characters of one expression."""
MAX_EXPRESSION_DEPTH: Final = 30
"""Operators, filters and brackets inside each other in one expression."""
MAX_LOOP_DEPTH: Final = 8
"""`$each` inside each other."""
MAX_CONSTRUCT_DEPTH: Final = 40
"""Objects, lists and constructs inside each other."""
MAX_ITEMS: Final = 200_000
"""Items of all loops of one run together."""
MAX_CHARACTERS: Final = 32_000_000
"""Characters of text that one run may produce, or repeat in loops."""
MAX_VALUES: Final = 1_000_000
"""Values inside objects and lists that one run may repeat in loops."""
MAX_STEPS: Final = 2_000_000
"""Items and characters that filters and `in` may look at, in one run."""
MAX_DIGITS: Final = 60
"""Digits of a number before, after and around its point, zeros counted."""
MAX_REPEATED: Final = 1_000
"""Characters and values of a constant in a loop."""
MAX_SORT_TEXT: Final = 1_000
"""Characters of a text that items are sorted by."""
MAX_WIDTH: Final = 4_000
"""The longest text that padding makes."""
MAX_PATTERN: Final = 500
"""Characters of a regular expression."""
MAX_ERRORS: Final = 50
"""Failing fields that one run reports; it stops looking after that many."""
