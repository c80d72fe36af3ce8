# SPDX-License-Identifier: GPL-2.0-or-later
"""QGIS symbols from the parts that resources/styles/*.toml name. Lengths in millimetres.

Polygons, from below: fill, tint, hatch, dots, teeth, lines, line, on_line. Lines: lines, line, teeth, on_line.
Points: badge. A part with `near` is drawn only up to that scale, a hatch with `far` only from that scale.
"""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsFillSymbol,
    QgsFontMarkerSymbolLayer,
    QgsHashedLineSymbolLayer,
    QgsLinePatternFillSymbolLayer,
    QgsLineSymbol,
    QgsMarkerLineSymbolLayer,
    QgsMarkerSymbol,
    QgsPointPatternFillSymbolLayer,
    QgsProperty,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsSimpleMarkerSymbolLayer,
    QgsSymbolLayer,
)
from qgis.PyQt.QtCore import QPointF, Qt
from qgis.PyQt.QtGui import QColor

MM = Qgis.RenderUnit.Millimeters
#: Where it is not installed the system uses its default Chinese font.
FONT = "Noto Sans CJK SC"
SHAPES = {
    "circle": Qgis.MarkerShape.Circle,
    "square": Qgis.MarkerShape.Square,
    "diamond": Qgis.MarkerShape.Diamond,
    "triangle": Qgis.MarkerShape.Triangle,
    "pentagon": Qgis.MarkerShape.Pentagon,
    "hexagon": Qgis.MarkerShape.Hexagon,
    "star": Qgis.MarkerShape.Star,
    "shield": Qgis.MarkerShape.Shield,
    "cross": Qgis.MarkerShape.Cross,
    "cross2": Qgis.MarkerShape.Cross2,
    "arrow": Qgis.MarkerShape.ArrowHead,
    "line": Qgis.MarkerShape.Line,
}
#: Width of the band along the outline of a selected polygon whose symbol has nothing inside.
SELECTION_BAND_MM = 2.4
#: Shapes with a stroke but no interior.
_SHAPES_WITHOUT_FILL = ("cross", "cross2", "arrow", "line")


def make_symbol_of_layers(kind, layers):
    """Return a symbol that consists of symbol layers.

    They are appended one by one, because Python would free a list given to the constructor.
    """
    made = kind()
    made.deleteSymbolLayer(0)
    for layer in layers:
        made.appendSymbolLayer(layer)
    return made


def make_symbol(spec, geometry="polygon"):
    """Return the symbol of a polygon, line or point from its table in resources/styles."""
    if geometry == "point":
        return make_badge(spec["badge"])
    if geometry == "line":
        return make_symbol_of_layers(QgsLineSymbol, list(_make_strokes(spec)))
    layers = [make_plain_fill(spec["fill"], spec.get("fill_opacity", 1.0))] if "fill" in spec else []
    if "tint" in spec:
        tint = spec["tint"]
        layers.append(
            enable_only_when(
                make_plain_fill(tint["color"], tint["opacity"]), f"coalesce(@map_scale, 1) > {tint['near']}"
            )
        )
    layers += [limit_scale_range(make_hatch(one), one) for one in spec.get("hatch", ())]
    layers += [limit_scale_range(make_dots(spec["dots"]), spec["dots"])] if "dots" in spec else []
    if not layers:
        # Seen only while the polygon is selected: QGIS then draws all layers of its symbol in the selection colour.
        layers.append(make_simple_line({"color": "#FFFFFF", "opacity": 0.0, "width": SELECTION_BAND_MM}))
    layers += _make_strokes(spec)
    made = make_symbol_of_layers(QgsFillSymbol, layers)
    made.setForceRHR("teeth" in spec)
    if any(one.get("dash") for one in spec.get("hatch", ())):
        # A polygon clipped at the map's edge may be invalid, and QGIS (3.40) crashes when it clips a hatch to it.
        made.setClipFeaturesToExtent(False)
    return made


def _make_strokes(spec):
    """Yield the symbol layers along an outline or line: teeth, lines, markers."""
    if "teeth" in spec:
        yield limit_scale_range(make_teeth(spec["teeth"]), spec["teeth"])
    for one in (*spec.get("lines", ()), *([spec["line"]] if "line" in spec else [])):
        yield limit_scale_range(make_simple_line(one), one)
    for one in spec.get("on_line", ()):
        yield limit_scale_range(make_markers_on_line(one), one)


def parse_color(text, opacity=1.0):
    """Return the QColor of a text such as ``#1A1A1A``, with an opacity from 0 to 1."""
    made = QColor(text)
    made.setAlphaF(opacity)
    return made


def make_simple_line(spec, extra_width=0.0):
    """Return a line as symbol layer; ``extra_width`` (mm) is added to its width."""
    layer = QgsSimpleLineSymbolLayer(parse_color(spec["color"], spec.get("opacity", 1.0)), spec["width"] + extra_width)
    layer.setWidthUnit(MM)
    layer.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if spec.get("offset"):
        layer.setOffset(spec["offset"])
        layer.setOffsetUnit(MM)
    if spec.get("dash"):
        layer.setUseCustomDashPattern(True)
        layer.setCustomDashVector(spec["dash"])
        layer.setCustomDashPatternUnit(MM)
        layer.setPenCapStyle(Qt.PenCapStyle.FlatCap)
    return layer


def make_plain_fill(color, opacity=1.0):
    """Return a fill without outline as symbol layer."""
    layer = QgsSimpleFillSymbolLayer(parse_color(color, opacity))
    layer.setStrokeStyle(Qt.PenStyle.NoPen)
    return layer


def make_hatch(spec):
    """Return parallel lines in a polygon as symbol layer."""
    layer = QgsLinePatternFillSymbolLayer()
    layer.setLineAngle(spec["angle"] % 360)
    layer.setDistance(spec["distance"])
    layer.setDistanceUnit(MM)
    line = make_symbol_of_layers(QgsLineSymbol, [make_simple_line({**spec, "opacity": 1.0})])
    line.setOpacity(spec.get("opacity", 1.0))
    layer.setSubSymbol(line)
    if "far" in spec:
        # One pattern for all parcels, because separate patterns would look like a patchwork.
        layer.setCoordinateReference(Qgis.SymbolCoordinateReference.Viewport)
    if spec.get("dash"):
        # Tiles would cut dashes at their edges.
        layer.setClipMode(Qgis.LineClipMode.ClipToIntersection)
    return layer


def make_marker(spec):
    """Return a marker as symbol layer: filled with its colour, or with an outline of the width `hollow` (mm)."""
    shape = spec.get("shape", "circle")
    layer = QgsSimpleMarkerSymbolLayer(SHAPES[shape], spec["size"], 0, color=parse_color(spec["color"]))
    layer.setSizeUnit(MM)
    layer.setStrokeStyle(Qt.PenStyle.NoPen)
    if "hollow" in spec or shape in _SHAPES_WITHOUT_FILL:
        layer.setStrokeStyle(Qt.PenStyle.SolidLine)
        layer.setStrokeColor(parse_color(spec["color"]))
        layer.setStrokeWidth(spec.get("hollow", 0.25))
        layer.setStrokeWidthUnit(MM)
        layer.setFillColor(parse_color(spec["inside"]) if "inside" in spec else parse_color("#FFFFFF", 0.0))
    if spec.get("turn"):
        layer.setAngle(spec["turn"])
    return layer


def make_dots(spec):
    """Return a grid of markers in a polygon as symbol layer."""
    layer = QgsPointPatternFillSymbolLayer()
    layer.setSubSymbol(make_symbol_of_layers(QgsMarkerSymbol, [make_marker(spec)]))
    for set_one in (layer.setDistanceX, layer.setDistanceY):
        set_one(spec["distance"])
    layer.setDistanceXUnit(MM)
    layer.setDistanceYUnit(MM)
    if spec.get("staggered"):
        layer.setDisplacementX(spec["distance"] / 2)
        layer.setDisplacementXUnit(MM)
    return layer


def make_teeth(spec):
    """Return short inward strokes on a polygon's outline as symbol layer.

    Rings of symbols are clockwise, so that inward is always the same side. With `across` the strokes are on both sides,
    as on a line, which has no interior.
    """
    layer = QgsHashedLineSymbolLayer(True, spec["interval"])
    layer.setIntervalUnit(MM)
    layer.setHashLength(spec["length"])
    layer.setHashLengthUnit(MM)
    if not spec.get("across"):
        layer.setOffset(spec["length"] / 2)
        layer.setOffsetUnit(MM)
    layer.setSubSymbol(
        make_symbol_of_layers(QgsLineSymbol, [make_simple_line({"color": spec["color"], "width": spec["width"]})])
    )
    return layer


def make_markers_on_line(spec):
    """Return markers along a line as symbol layer.

    They are upright if they have a character or `upright` is set.
    """
    layer = QgsMarkerLineSymbolLayer(not ("text" in spec or spec.get("upright")), spec["interval"])
    layer.setIntervalUnit(MM)
    if "from" in spec:
        layer.setOffsetAlongLine(spec["from"])
        layer.setOffsetAlongLineUnit(MM)
    layer.setSubSymbol(
        make_badge(spec) if "text" in spec else make_symbol_of_layers(QgsMarkerSymbol, [make_marker(spec)])
    )
    return layer


def make_badge(spec):
    """Return a point symbol: a shape with a character, distinct on any printer.

    `inside` is the colour under the character.
    """
    made = [make_marker({"hollow": 0.35, "inside": "#FFFFFF", **spec})]
    if spec.get("ring"):
        made.insert(0, make_marker({**spec, "size": spec["size"] + spec["ring"], "hollow": 0.25, "inside": "#FFFFFF"}))
    if "text" in spec:
        letter = QgsFontMarkerSymbolLayer(FONT, spec["text"], spec["size"] * spec.get("letter", 0.62))
        letter.setSizeUnit(MM)
        letter.setColor(parse_color(spec.get("ink", spec["color"])))
        letter.setFontStyle("Bold")
        letter.setOffset(QPointF(0.0, spec.get("down", 0.0)))
        letter.setOffsetUnit(MM)
        made.append(letter)
    return make_symbol_of_layers(QgsMarkerSymbol, made)


def limit_scale_range(layer, spec):
    """Return the symbol layer, drawn only at scales of 1:`near` and larger, or only at scales smaller than 1:`far`.

    `near` and `far` are scale denominators in ``spec``; without both the layer is always drawn.
    """
    if "far" in spec:
        return enable_only_when(layer, f"coalesce(@map_scale, 1) > {spec['far']}")
    return enable_only_when(layer, f"coalesce(@map_scale, 1) <= {spec['near']}") if "near" in spec else layer


def enable_only_when(layer, expression):
    """Draw a symbol layer only where a QGIS expression is true; return the layer."""
    layer.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty.fromExpression(expression))
    return layer
