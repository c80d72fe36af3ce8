# SPDX-License-Identifier: GPL-2.0-or-later
"""Items of the print layouts in resources/layouts (.qpt), edited with QGIS, and the texts that fit them.

They have title, map, locator, legend, scale and title block (图签). Texts are expressions with the layout's variables
(``sanxian_…``), so that an edited layout of a planning office works as well: only the ids of its items matter.
"""

from __future__ import annotations

import math

from qgis.core import (
    Qgis,
    QgsLayout,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemScaleBar,
    QgsLayoutObject,
    QgsLayoutPoint,
    QgsProperty,
)
from qgis.PyQt.QtGui import QFont

from ...core.standard.map_set import PageSize
from ..layers.painting import round_down_length

#: The font in the .qpt: that of a Windows with Chinese. An available font is chosen when a layout is filled.
_LAYOUT_FONT = "Microsoft YaHei"
#: The weight of bold text in the .qpt, on the scale of Qt 5; on that of Qt 6 it is thin. Where the font has the style
#: that ``namedStyle`` names, QGIS takes this instead. The weight of other text is -1, which both Qt read as normal.
_BOLD_WEIGHT = 'fontWeight="75"'
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
#: Minimum size, as a share of the original one.
_MIN_SIZE_FACTOR = 0.45
_SEGMENT_COUNTS = (3, 4, 5)
_SEGMENT_COUNT_OF_ATLAS = 4
_SHARE_OF_BOX = 0.66


def adapt_fonts(template: str, family: str) -> str:
    """Return the text of a .qpt with an available font, and bold text bold in the running Qt."""
    return template.replace(_LAYOUT_FONT, family).replace(_BOLD_WEIGHT, f'fontWeight="{QFont.Weight.Bold:d}"')


def fit_labels(layout: QgsLayout, page_size: PageSize, names: list[str] | None = None) -> None:
    """Reduce the font size of a layout's labels until their texts fit.

    ``names``: names of the townships; the longest one must fit on each atlas page.
    """
    longest = max(names or [""], key=len)
    for identifier in (*ONE_LINE_LABELS, *WRAPPED_LABELS):
        if isinstance(label := layout.itemById(identifier), QgsLayoutItemLabel):
            _fit_label(label, identifier in WRAPPED_LABELS, longest if identifier == "title" else "")


def _fit_label(label: QgsLayoutItemLabel, wraps: bool, extra_text: str) -> None:
    box = label.rect().size()
    text = label.textFormat()
    full_size = text.size()
    if not label.currentText().strip():
        return
    for step in range(20):
        size = full_size * (1 - step * (1 - _MIN_SIZE_FACTOR) / 19)
        text.setSize(size)
        label.setTextFormat(text)
        needed_size = label.sizeForText()
        # The text of the atlas is still unknown.
        extra = len(extra_text) * size * 25.4 / 72
        width, height = needed_size.width() + extra, needed_size.height()
        if wraps and width > box.width():
            # A Chinese character is as wide as high, a Latin one about half as wide.
            widths = [
                sum(1.0 if ord(c) > 0x2E80 else 0.55 for c in line) * size * 25.4 / 72
                for line in label.currentText().split("\n")
            ]
            lines = sum(max(1, math.ceil(one / (0.94 * box.width()))) for one in widths)
            width, height = box.width(), lines * size * 25.4 / 72 * 1.35
        if width <= box.width() and height <= box.height() + 0.5:
            return


def bind_scale_bar_to_scale(bar: QgsLayoutItemScaleBar, page_size: PageSize) -> None:
    """Make a scale bar follow the scale of each page of an atlas.

    The length of its four segments is bound to the scale by an expression, wherever the layout is printed.
    """
    bar.setUnits(Qgis.DistanceUnit.Kilometers)
    bar.setUnitLabel("km")
    bar.setNumberOfSegments(_SEGMENT_COUNT_OF_ATLAS)
    segment_limit = SCALE_BAR_WIDTH_MM * page_size.factor * _SHARE_OF_BOX / _SEGMENT_COUNT_OF_ATLAS / 1e6
    lengths = ", ".join(f"{digit * 10.0**power:g}" for power in range(-2, 2) for digit in (1, 2, 5))
    bar.dataDefinedProperties().setProperty(
        QgsLayoutObject.DataDefinedProperty.ScalebarSegmentWidth,
        QgsProperty.fromExpression(
            f"with_variable('most', {segment_limit:.8f} * map_get(item_variables('{MAP_ITEM_ID}'), 'map_scale'), "
            f"array_last(array_filter(array({lengths}), @element <= @most)))"
        ),
    )
    _centre_scale_bar(bar)
    bar.refreshDataDefinedProperty()


def _centre_scale_bar(bar: QgsLayoutItemScaleBar) -> None:
    """Centre the scale bar under the numeric scale, whatever its width."""
    if (scale_label := bar.layout().itemById("scale")) is not None:
        y = bar.pos().y()
        bar.setReferencePoint(QgsLayoutItem.ReferencePoint.UpperMiddle)
        bar.attemptMove(QgsLayoutPoint(scale_label.pos().x() + scale_label.rect().width() / 2, y, MILLIMETRES))


def fit_scale_bar(bar: QgsLayoutItemScaleBar, item: QgsLayoutItemMap, page_size: PageSize) -> None:
    """Give a scale bar three to five segments of a round length (1, 2, 5 × 10ⁿ).

    The bar fills about two thirds of its box and is centred.
    """
    box_width_mm = SCALE_BAR_WIDTH_MM * page_size.factor
    wanted_length = box_width_mm * _SHARE_OF_BOX / 1000 * item.scale()
    choices = [
        (n * length, n)
        for n in _SEGMENT_COUNTS
        for length in (round_down_length(wanted_length / n), 2 * round_down_length(wanted_length / n))
    ]
    choices = [
        (total, n)
        for total, n in choices
        if math.isclose(total / n, round_down_length(total / n * 1.0001)) and total <= 1.25 * wanted_length
    ]
    total, segments = min(choices, key=lambda one: abs(one[0] - wanted_length))
    in_km = total >= 1000
    bar.setUnits(Qgis.DistanceUnit.Kilometers if in_km else Qgis.DistanceUnit.Meters)
    bar.setUnitLabel("km" if in_km else "m")
    bar.setMapUnitsPerScaleBarUnit(1.0)
    bar.setNumberOfSegments(segments)
    bar.setUnitsPerSegment(total / segments / (1000 if in_km else 1))
    _centre_scale_bar(bar)
    bar.resizeToMinimumWidth()
