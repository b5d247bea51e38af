"""Starts what it is asked for the way `conda run` does: as a grandchild whose errors are shown when it is over."""

import subprocess
import sys

# A shell between us and the program, which is so neither the container's first process nor its child.
child = subprocess.Popen(
    ["sh", "-c", '"$@"; exit $?', "sh"] + sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE
)
out, err = child.communicate()
sys.stdout.buffer.write(out)
sys.stderr.buffer.write(err)
sys.exit(child.returncode)
