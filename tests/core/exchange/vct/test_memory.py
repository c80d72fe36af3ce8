# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory used to write and read a VCT file of a million vertices.

Reading keeps only ids, writing only the arrays of one layer.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY_ROOT = Path(__file__).resolve().parents[4]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="no resource module")]

_SCRIPT_START = """
import resource, sys
import numpy as np, shapely
from plugin.core.exchange.vct.read import open_vct
from plugin.core.exchange.vct.write import write_vct
from tests.core.vct_files import make_vct_layer
path = sys.argv[1]
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""
#: 180 × 180 parcels with seven vertices along each side.
_WRITE_SCRIPT = """
k, n = 8, 180
s, full = np.arange(k), np.full
def parcel(a, b):
    i = np.r_[a + s, full(k, a + k), a + k - s, full(k, a)]
    j = np.r_[full(k, b), b + s, full(k, b + k), b + k - s]
    x, y = 37_500_000 + i * 10.0 + (i * 7919 + j * 104729) % 13 * 0.123, 4_150_000 + j * 10.0 + (i * 31 + j * 17) % 11 * 0.117
    return shapely.polygons(np.stack([x, y], -1))
one = make_vct_layer("DLTB", [parcel(a * k, b * k) for a in range(n) for b in range(n)], BSM=("text", [f"{m:018d}" for m in range(n * n)]))
assert shapely.get_num_coordinates(one.frame.geometry.to_numpy()).sum() > 1e6
before = peak()
done = write_vct(path, [one])
assert done.boundary_line_count < 2 * n * (n + 1), done.boundary_line_count
print(peak() - before)
"""
_READ_SCRIPT = """
before, rows, vertices = peak(), 0, 0
with open_vct(path) as vct:
    for _, frame in vct.read_batches():
        rows, vertices = rows + len(frame), vertices + shapely.get_num_coordinates(frame.geometry.to_numpy()).sum()
assert rows == 32_400 and vertices == 33 * rows
print(peak() - before)
"""


def measure_memory_growth(code, path):
    """Return by how many MB the memory of a separate process grew while running code."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT_START + code, str(path)],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.exhaustive
def test_reading_and_writing_a_million_vct_vertices_stays_within_memory_limits(tmp_path):
    path = tmp_path / "a.vct"
    written = measure_memory_growth(_WRITE_SCRIPT, path)
    # The text alone is 22 MB and would need far more as Python objects.
    read = measure_memory_growth(_READ_SCRIPT, path)
    assert written < 350 and read < 60, (written, read)
