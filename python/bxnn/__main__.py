"""`python -m bxnn`: the command line."""

import sys

from bxnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
