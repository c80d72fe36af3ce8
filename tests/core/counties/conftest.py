# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts on the keyboard in tests of batches."""

import signal

import pytest


@pytest.fixture(autouse=True)
def interruptible():
    """Let interrupts end this process and those that it starts: a shell in the background starts programs without."""
    former_handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former_handler)
