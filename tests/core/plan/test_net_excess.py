# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows with more net than gross area are named with both figures, whichever document states their areas."""

from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.standard.messages.texts import Texts

#: A square of 9 997.54 m² on the ellipsoid (`Geod.polygon_area_perimeter` of GRS80).
SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


def describe(*areas):
    rows = [{"wkt": SQUARE, "gross_area": gross, "net_area": net} for gross, net in areas]
    return make_example_plan({"DLTB": rows}).describe_gaps(Texts("zh"))


def test_net_area_is_compared_with_the_gross_area_and_with_the_shape():
    (sentence,) = describe((9997.5, 9997.5), (9000.0, 9500.0), (20000.0, 18000.0), (None, 9999.5), (9998.0, 9998.0))
    assert sentence.startswith("地类图斑（DLTB）有 3 个要素的净面积（TBDLMJ）大于图斑面积：")
    assert "净面积 9\u202f500.00 m²，所填图斑面积 9\u202f000.00 m²" in sentence
    assert "净面积 18\u202f000.00 m²，图斑椭球面积 9\u202f997.54 m²" in sentence
    assert "净面积 9\u202f999.50 m²，图斑椭球面积 9\u202f997.54 m²" in sentence


def test_rows_within_the_allowances_or_without_figures_are_not_named():
    assert not describe((9997.5, 9997.51), (9998.5, 9998.5), (None, None), (9000.0, None))
