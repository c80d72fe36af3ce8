# SPDX-License-Identifier: GPL-2.0-or-later
"""What a local Dask worker runs when it starts, before it imports anything large."""

from __future__ import annotations

import signal
import threading
from typing import Any


def dask_setup(worker: Any) -> None:
    """Ignore interrupts in a worker; Dask calls this by its name.

    An interrupt on the keyboard reaches all processes, but the command ends its workers.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
