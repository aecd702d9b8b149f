"""``python -m danpredict``."""

import sys

from danpredict.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
