"""`python -I launch.py main.py …`: brings us in where Python ignores PYTHONPATH (-E, -I, -S)."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from predictscope.launcher import run
finally:
    del sys.path[0]
run()
