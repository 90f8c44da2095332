"""``python -m filterviz`` is the command line."""

import sys

from filterviz.cli import main

if __name__ == "__main__":
    sys.exit(main())
