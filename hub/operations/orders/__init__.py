"""Orders: found by any number, and seen as a whole."""
