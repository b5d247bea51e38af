"""Predictscope's runtime: what goes into the profiled process. Standard library only, Python 3.7 syntax."""

VERSION = "0.1.0"
