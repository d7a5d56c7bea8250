"""`python -m runners` is `wardloom`."""

import sys

from runners.cli import main

sys.exit(main())
