"""A small splice-site scorer with synthetic weights, to be profiled."""

__version__ = "0.1.0"
