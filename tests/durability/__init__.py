"""The families of `tests/durability.py`, one module each."""
