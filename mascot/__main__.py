"""`python -m mascot`."""

import sys

from mascot.cli import main

sys.exit(main())
