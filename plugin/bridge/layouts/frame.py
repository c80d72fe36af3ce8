# SPDX-License-Identifier: GPL-2.0-or-later
"""The items of the print layouts in resources/layouts (.qpt), which are edited with the layout designer of QGIS.

They have title, map, locator, legend, scale and title block (图签). Texts are expressions with the layout's variables
(``sanxian_…``), so that an edited layout of a planning office works as well: only the ids of its items matter.
"""

from __future__ import annotations

from qgis.core import Qgis, QgsLayoutItem
from qgis.PyQt.QtCore import QSizeF

#: The font in the .qpt: that of a Windows with Chinese. An available font is chosen when a layout is filled.
LAYOUT_FONT = "Microsoft YaHei"
SECONDARY_TEXT_COLOUR = "#555555"
MILLIMETRES = Qgis.LayoutUnit.Millimeters
#: Item ids; an external layout needs `map`, the others are optional.
MAP_ITEM_ID, LOCATOR_ITEM_ID, LEGEND_ITEM_ID, LEGEND_FRAME_ITEM_ID, SCALE_BAR_ITEM_ID = (
    "map",
    "locator",
    "legend",
    "legend_frame",
    "scale_bar",
)
APPROVAL_ITEM_ID = "approval"
#: The width of the scale bar's box, in mm of A3.
SCALE_BAR_WIDTH_MM = 85.0
#: Labels with a single line, and those that may wrap.
ONE_LINE_LABELS = (
    "plan",
    "title",
    "number",
    "secrecy",
    "approval",
    "scale",
    "maker",
    "drawer",
    "date",
    "locator_title",
)
WRAPPED_LABELS = ("crs", "note")


def get_item_size(item: QgsLayoutItem) -> QSizeF:
    """Return width and height of a layout item in mm."""
    return item.rect().size()
