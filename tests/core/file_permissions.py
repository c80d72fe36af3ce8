# SPDX-License-Identifier: GPL-2.0-or-later
"""File permissions that apply to an administrator too."""

import ctypes
import os
import sys
from contextlib import contextmanager

import pytest

#: Linux capabilities by which root ignores file permissions: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH.
_ROOT_OVERRIDE_CAPABILITIES = 1 << 1 | 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522


@contextmanager
def enforce_file_permissions():
    """Apply file permissions inside a with block, also if the tests run as root.

    On Linux the capabilities that override permissions are switched off; elsewhere the test is skipped.
    """
    if os.geteuid():
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root gives up its override by capabilities of Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: of capabilities 0-31, then of 32-63

    def call(name):
        if getattr(libc, name)(head, data):
            raise OSError(ctypes.get_errno(), name)

    call("capget")
    before = data[0]
    data[0] = before & ~_ROOT_OVERRIDE_CAPABILITIES
    call("capset")
    try:
        yield
    finally:
        data[0] = before
        call("capset")
