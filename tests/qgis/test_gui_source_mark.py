# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the mark A, B or C of a source (来源级别)."""

import pytest
from qgis.PyQt.QtGui import QColor, QPalette

from plugin.gui.widgets.source_mark import make_mark_label


@pytest.mark.parametrize("text", ["#202020", "#b1b1b1", "#ffffff"])
@pytest.mark.parametrize("base", ["#ffffff", "#b1b1b1", "#202020"])
@pytest.mark.parametrize("mark", ["A", "C"])
def test_letter_of_a_source_mark_is_readable_for_any_base_colour_of_the_theme(qgis_app, mark, text, base):
    label = make_mark_label(mark)
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
