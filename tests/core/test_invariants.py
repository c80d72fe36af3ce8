# SPDX-License-Identifier: GPL-2.0-or-later
"""The function that requires a value to be present."""

import subprocess
import sys
from pathlib import Path

import pytest

from plugin.core.base.errors import require_value

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("value", [0, "", False, 1.5])
def test_require_value_returns_a_present_value(value):
    assert require_value(value, "the value") is value


def test_require_value_names_a_missing_value_in_its_error_even_in_optimised_python():
    code = "from plugin.core.base.errors import require_value; require_value(None, 'the value')"
    done = subprocess.run([sys.executable, "-O", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "InvariantError: the value is missing" in done.stderr
