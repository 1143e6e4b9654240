"""`python -m pointsman_server` is `pointsman`."""

import sys

from pointsman_server.cli import main

sys.exit(main())
