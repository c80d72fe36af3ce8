# SPDX-License-Identifier: GPL-2.0-or-later
"""For all tests, and for the programs that they start."""

import os

# SQLite waits for the disk at each of the thousands of small databases that tests write, which tells nothing: a test that
# kills a writer finds what the system was given, and no test pulls the plug.
os.environ.setdefault("OGR_SQLITE_SYNCHRONOUS", "OFF")
