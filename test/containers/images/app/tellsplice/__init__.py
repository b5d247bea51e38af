"""Tells splice sites, badly but in the right shape."""

__version__ = "1.0"
