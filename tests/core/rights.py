# SPDX-License-Identifier: GPL-2.0-or-later
"""File permissions that apply to root too."""

import ctypes
import os
import sys
from contextlib import contextmanager

import pytest

#: Linux capabilities by which root ignores file permissions: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH.
_OVERRIDES = 1 << 1 | 1 << 2
_VERSION_3 = 0x20080522


@contextmanager
def bound_by_rights():
    """Apply file permissions to the user of the tests.

    The user does not change, because others may not enter the checkout of root.
    """
    if os.geteuid():
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root gives up its override by capabilities of Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: of capabilities 0-31, then of 32-63

    def call(name):
        if getattr(libc, name)(head, data):
            raise OSError(ctypes.get_errno(), name)

    call("capget")
    before = data[0]
    data[0] = before & ~_OVERRIDES
    call("capset")
    try:
        yield
    finally:
        data[0] = before
        call("capset")
