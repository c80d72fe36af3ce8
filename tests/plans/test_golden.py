# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that reports and all other outputs of the sample equal the golden ones in all texts."""

import difflib

import pytest

from tests.plans import golden, outputs

RENEW_HINT = "python -m tests.county --golden writes the outputs anew; read the diff before it is committed"
#: Number of lines of a diff in a message.
MAX_SHOWN_LINES = 40

pytestmark = pytest.mark.slow  # checks the whole sample twice


@pytest.mark.parametrize("name", golden.RUNS)
def test_check_report_of_the_sample_equals_the_stored_golden_report(name):
    known, found = golden.read_golden(name), golden.normalise_report(golden.run_plan(name))
    assert known, f"nothing is written down: {RENEW_HINT}"
    lines = []
    for stem in sorted(known.keys() | found.keys()):
        before, now = known.get(stem), found.get(stem)
        if before is None or now is None or not golden.is_same(before, now):
            texts = [golden.format_content(one).splitlines() if one else [] for one in (before, now)]
            lines += difflib.unified_diff(*texts, f"golden/{name}/{stem}.json", "this run", lineterm="", n=0)
    assert not lines, describe_difference(lines)


def test_texts_of_all_other_outputs_of_the_sample_equal_the_stored_ones():
    pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    known, found = outputs.read_goldens(), outputs.run_commands()
    lines = []
    for name in sorted(known.keys() | found.keys()):
        texts = [one.get(name, "").splitlines() for one in (known, found)]
        lines += difflib.unified_diff(*texts, f"golden/outputs/{name}.txt", "this run", lineterm="", n=0)
    assert known and not lines, describe_difference(lines)


def describe_difference(lines):
    more = f"\n… {len(lines) - MAX_SHOWN_LINES} lines more" if len(lines) > MAX_SHOWN_LINES else ""
    return f"{RENEW_HINT}\n" + "\n".join(line[:400] for line in lines[:MAX_SHOWN_LINES]) + more


def test_golden_report_files_total_less_than_530_kb():
    files = list(golden.GOLDEN.rglob("*.json"))
    assert sum(file.stat().st_size for file in files) < 530_000


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ({"x": [1.0, "a"]}, {"x": [1.000001, "a"]}, True),
        (1e9, 1e9 + 0.5, True),
        (1.0, 1.00001, False),
        ({"x": 1}, {"x": 1, "y": 2}, False),
        ([1, 2], [1], False),
        (True, 1.5, False),
        ("a", "b", False),
    ],
)
def test_golden_comparison_accepts_numbers_that_differ_only_in_the_last_digit(a, b, alike):
    assert golden.is_same(a, b) is alike
