# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the places of the numbers on the overview map."""

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from qgis.PyQt.QtCore import QRectF

from plugin.bridge.pictures.overview import find_free_box

SHEET = QRectF(0, 0, 744, 744)
DOT = 7.6
MARK = 3.4 * DOT


def make_mark_box(spot):
    return QRectF(spot[0] - MARK / 2, spot[1] - MARK / 2, MARK, MARK)


@pytest.mark.parametrize(
    "spot", [(372.0, 372.0), (742.0, 2.0), (2.0, 742.0)], ids=["middle", "top right", "bottom left"]
)
def test_numbers_of_ten_map_marks_at_one_place_overlap_neither_each_other_nor_the_marks(spot):
    occupied = [make_mark_box(spot), make_mark_box((spot[0] + 20, spot[1]))]
    for number in range(1, 11):
        box = find_free_box(spot, len(str(number)), DOT, occupied, SHEET)
        assert SHEET.adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(box)
        assert not any(box.intersects(one) for one in occupied)
        occupied.append(box)


def test_number_of_a_map_mark_without_neighbours_is_next_to_the_mark():
    box = find_free_box((372.0, 372.0), 1, DOT, [make_mark_box((372.0, 372.0))], SHEET)
    assert (box.left() - 372.0) / DOT == pytest.approx(2.1)
    assert box.center().y() == pytest.approx(372.0)


def test_number_of_a_map_mark_without_a_free_place_is_put_on_its_right():
    box = find_free_box((372.0, 372.0), 1, DOT, [SHEET], SHEET)
    assert box.left() > 372.0
