# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the mark A, B or C of a source (来源级别)."""

import pytest
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QColor, QImage, QPalette

from plugin.gui.widgets.labels_and_buttons import SourceMarkLabel
from plugin.gui.widgets.sections import FormSection, NoticeBox
from tests.parametrize import first_daily


@pytest.mark.parametrize("text", ["#202020", "#b1b1b1", "#ffffff"])
@pytest.mark.parametrize("base", ["#ffffff", "#b1b1b1", "#202020"])
@pytest.mark.parametrize("mark", ["A", "C"])
def test_letter_of_a_source_mark_is_readable_for_any_base_colour_of_the_theme(qgis_app, mark, text, base):
    label = SourceMarkLabel(mark)
    palette = QPalette(label.palette())
    for role, colour in (
        (QPalette.ColorRole.WindowText, text),
        (QPalette.ColorRole.Base, base),
        (QPalette.ColorRole.Window, "#ffffff" if QColor(text).lightness() < 128 else "#202020"),
    ):
        palette.setColor(role, QColor(colour))
    label.setPalette(palette)
    image = label.grab().toImage()
    inside = range(4, label.width() - 4)
    shades = [image.pixelColor(x, y).lightness() for x in inside for y in inside]
    assert max(shades) - min(shades) > 60


@pytest.mark.parametrize("scale", first_daily([1.0, 1.25, 1.5, 1.75, 2.0], 2))
@pytest.mark.parametrize("place", first_daily([0, 1, 2, 3]))
@pytest.mark.parametrize("kind", ["mark", "section", "notice"])
def test_frames_of_boxes_have_all_four_sides_on_scaled_screens(qgis_app, scale, place, kind):
    label = {"mark": lambda: SourceMarkLabel("C"), "section": lambda: FormSection(""), "notice": NoticeBox}[kind]()
    if kind == "notice":
        label.label.setText(" ")  # without a text the box is not drawn
    label.setFixedSize(*[SourceMarkLabel("C").width()] * 2)
    palette = QPalette(label.palette())
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#000000"))
    palette.setColor(QPalette.ColorRole.Window, QColor("#ffffff"))
    label.setPalette(palette)
    side = label.width()
    image = QImage(round((side + 4) * scale) + 1, round((side + 4) * scale) + 1, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.white)
    label.render(image, QPoint(place, place))
    first, last, middle = place * scale, (place + side) * scale - 1, (place + side / 2) * scale

    def is_dark(x, y):
        return image.pixelColor(int(x), int(y)).lightness() < 240

    # A quarter of the side is free of the letter.
    for at in (first + side * scale / 4 - 1, last - side * scale / 4 + 1):
        assert any(is_dark(at, first + n) for n in range(-1, 3)), "top"
        assert any(is_dark(at, last - n) for n in range(-1, 3)), "bottom"
        assert any(is_dark(first + n, at) for n in range(-1, 3)), "left"
        assert any(is_dark(last - n, at) for n in range(-1, 3)), "right"
    if kind == "mark":
        assert not is_dark(first + 3 * scale, middle)
