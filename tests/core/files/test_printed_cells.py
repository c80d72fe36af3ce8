# SPDX-License-Identifier: GPL-2.0-or-later
"""Cell values printed as a spreadsheet program displays them."""

from types import SimpleNamespace

import pytest

from plugin.core.files.tables import display_cell, display_value

PRINTED_CELL_CASES = [
    (63.2, "0.00", "63.20", "63.20"), (63.2, "General", "63.2", "63.2"), (63, "0.00", "63.00", "63.00"), (63, "General", "63", "63"),
    (0.5, "0%", "50%", "50%"), (0.6351, "0.0%", "63.5%", "63.5%"), (1234.5, "#,##0.00", "1234.50", "1234.50"),
    (-1.25, "0.0_);(0.0)", "-1.3", "-1.3"), (7.0, "0", "7", "7"), (2.675, "0.00", "2.68", "2.68"), (1e20, "0.0", "100000000000000000000.0", "100000000000000000000.0"),
    (0.285, "0%", "29%", "29%"), (1e30, "0.0", "1" + "0" * 30 + ".0", "1" + "0" * 30 + ".0"), (float("inf"), "0.0", "inf", "inf"), (1e-3, "0.00E+00", "0.001", "0.001"),
    (5.5, '"第"0.0', "5.5", "5.5"), (5.5, '0.0"E"', "5.5", "5.5"), (25.0, '"00年"General', "25", "25"),
    (" 63 ", "0.00", "63", "63"), (True, "0", "True", "True"),
    # The typed digits are read, not the rounded ones.
    (63.2, "0", "63", "63.2"), (-0.4, "0", "-0", "-0.4"), (1234.5, "#,##0", "1235", "1234.5"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "cell_format", "seen", "typed"), PRINTED_CELL_CASES)
def test_cell_value_is_printed_as_a_spreadsheet_shows_it(value, cell_format, seen, typed):
    assert display_value(value, cell_format) == seen
    assert display_cell(SimpleNamespace(value=value, number_format=cell_format)) == typed


def test_empty_cell_is_printed_as_empty_text():
    assert display_cell(SimpleNamespace(value=None, number_format="0.00")) == ""
