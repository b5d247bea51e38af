#!/opt/conda/envs/spliceai/bin/python
# What pip writes for a console script.
import re
import sys

from spliceai.__main__ import main

if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script\.pyw|\.exe)?$", "", sys.argv[0])
    sys.exit(main())
