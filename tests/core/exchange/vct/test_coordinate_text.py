# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate text of the VCT writer, compared with Python decimals."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest

from plugin.core.exchange.vct.records import format_records


def format_decimal(value, decimals):
    """Return a number as text, rounded to the given number of decimals."""
    text = f"{Decimal(round(value, decimals)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN):f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text


@pytest.mark.parametrize(
    ("decimals", "low", "high"), [(4, 37_500_000, 37_600_000), (10, 100, 120), (0, 0, 500), (4, -50, 50)]
)
def test_vct_coordinate_text_equals_that_of_python_decimals(monkeypatch, decimals, low, high):
    monkeypatch.setattr("plugin.core.exchange.vct.records._VERTICES_PER_BLOCK", 40)
    chance = np.random.default_rng(3)
    xy = chance.uniform(low, high, (300, 2))
    for k in range(decimals):
        xy[k * 20 : k * 20 + 20] = np.round(xy[k * 20 : k * 20 + 20], k)
    at = [0, 1, 3, 3, 100, 104, 300]
    heads = [f"{k}\n100%s\n" for k in range(6)]
    text = "".join(format_records(xy, at, heads, "0\n", decimals))
    wanted = ""
    for k, head in enumerate(heads):
        wanted += (
            head
            + "".join(
                ",".join(format_decimal(v, decimals) for v in row) + "\n" for row in xy[at[k] : at[k + 1]].tolist()
            )
            + "0\n"
        )
    assert text == wanted
