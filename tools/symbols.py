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
#: Shapes with a stroke but no interior.
_STROKED = ("cross", "cross2", "arrow", "line")


def made_of(kind, layers):
    """Return a symbol of layers, appended one by one, because Python would free a list given to the constructor."""
    made = kind()
    made.deleteSymbolLayer(0)
    for layer in layers:
        made.appendSymbolLayer(layer)
    return made


def symbol(spec, geometry="polygon"):
    if geometry == "point":
        return badge(spec["badge"])
    if geometry == "line":
        return made_of(QgsLineSymbol, list(_strokes(spec)))
    layers = [plain_fill(spec["fill"], spec.get("fill_opacity", 1.0))] if "fill" in spec else []
    if "tint" in spec:
        tint = spec["tint"]
        layers.append(
            only_when(plain_fill(tint["color"], tint["opacity"]), f"coalesce(@map_scale, 1) > {tint['near']}")
        )
    layers += [near(hatch(one), one) for one in spec.get("hatch", ())]
    layers += [near(dots(spec["dots"]), spec["dots"])] if "dots" in spec else []
    layers += _strokes(spec)
    made = made_of(QgsFillSymbol, layers)
    made.setForceRHR("teeth" in spec)
    if any(one.get("dash") for one in spec.get("hatch", ())):
        # A polygon clipped at the map's edge may be invalid, and QGIS (3.40) crashes when it clips a hatch to it.
        made.setClipFeaturesToExtent(False)
    return made


def _strokes(spec):
    if "teeth" in spec:
        yield near(teeth(spec["teeth"]), spec["teeth"])
    for one in (*spec.get("lines", ()), *([spec["line"]] if "line" in spec else [])):
        yield near(simple_line(one), one)
    for one in spec.get("on_line", ()):
        yield near(on_line(one), one)


def color(text, opacity=1.0):
    made = QColor(text)
    made.setAlphaF(opacity)
    return made


def simple_line(spec, more=0.0):
    layer = QgsSimpleLineSymbolLayer(color(spec["color"], spec.get("opacity", 1.0)), spec["width"] + more)
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


def plain_fill(text, opacity=1.0):
    layer = QgsSimpleFillSymbolLayer(color(text, opacity))
    layer.setStrokeStyle(Qt.PenStyle.NoPen)
    return layer


def hatch(spec):
    layer = QgsLinePatternFillSymbolLayer()
    layer.setLineAngle(spec["angle"] % 360)
    layer.setDistance(spec["distance"])
    layer.setDistanceUnit(MM)
    line = made_of(QgsLineSymbol, [simple_line({**spec, "opacity": 1.0})])
    line.setOpacity(spec.get("opacity", 1.0))
    layer.setSubSymbol(line)
    if "far" in spec:
        # One pattern for all parcels, because separate patterns would look like a patchwork.
        layer.setCoordinateReference(Qgis.SymbolCoordinateReference.Viewport)
    if spec.get("dash"):
        # Tiles would cut dashes at their edges.
        layer.setClipMode(Qgis.LineClipMode.ClipToIntersection)
    return layer


def marker(spec):
    """Return a shape filled with its colour, or its outline of the width `hollow`."""
    shape = spec.get("shape", "circle")
    layer = QgsSimpleMarkerSymbolLayer(SHAPES[shape], spec["size"], 0, color=color(spec["color"]))
    layer.setSizeUnit(MM)
    layer.setStrokeStyle(Qt.PenStyle.NoPen)
    if "hollow" in spec or shape in _STROKED:
        layer.setStrokeStyle(Qt.PenStyle.SolidLine)
        layer.setStrokeColor(color(spec["color"]))
        layer.setStrokeWidth(spec.get("hollow", 0.25))
        layer.setStrokeWidthUnit(MM)
        layer.setFillColor(color(spec["inside"]) if "inside" in spec else color("#FFFFFF", 0.0))
    if spec.get("turn"):
        layer.setAngle(spec["turn"])
    return layer


def dots(spec):
    layer = QgsPointPatternFillSymbolLayer()
    layer.setSubSymbol(made_of(QgsMarkerSymbol, [marker(spec)]))
    for set_one in (layer.setDistanceX, layer.setDistanceY):
        set_one(spec["distance"])
    layer.setDistanceXUnit(MM)
    layer.setDistanceYUnit(MM)
    if spec.get("staggered"):
        layer.setDisplacementX(spec["distance"] / 2)
        layer.setDisplacementXUnit(MM)
    return layer


def teeth(spec):
    """Return short inward strokes on the outline; rings of symbols are clockwise, so inward is one side.

    `across`: on both sides, as on a line, which has no interior.
    """
    layer = QgsHashedLineSymbolLayer(True, spec["interval"])
    layer.setIntervalUnit(MM)
    layer.setHashLength(spec["length"])
    layer.setHashLengthUnit(MM)
    if not spec.get("across"):
        layer.setOffset(spec["length"] / 2)
        layer.setOffsetUnit(MM)
    layer.setSubSymbol(made_of(QgsLineSymbol, [simple_line({"color": spec["color"], "width": spec["width"]})]))
    return layer


def on_line(spec):
    """Return markers along a line, upright if they have a character or `upright` is set."""
    layer = QgsMarkerLineSymbolLayer(not ("text" in spec or spec.get("upright")), spec["interval"])
    layer.setIntervalUnit(MM)
    if "from" in spec:
        layer.setOffsetAlongLine(spec["from"])
        layer.setOffsetAlongLineUnit(MM)
    layer.setSubSymbol(badge(spec) if "text" in spec else made_of(QgsMarkerSymbol, [marker(spec)]))
    return layer


def badge(spec):
    """Return a shape with a character, distinct on any printer; `inside` is the colour under the character."""
    made = [marker({"hollow": 0.35, "inside": "#FFFFFF", **spec})]
    if spec.get("ring"):
        made.insert(0, marker({**spec, "size": spec["size"] + spec["ring"], "hollow": 0.25, "inside": "#FFFFFF"}))
    if "text" in spec:
        letter = QgsFontMarkerSymbolLayer(FONT, spec["text"], spec["size"] * spec.get("letter", 0.62))
        letter.setSizeUnit(MM)
        letter.setColor(color(spec.get("ink", spec["color"])))
        letter.setFontStyle("Bold")
        letter.setOffset(QPointF(0.0, spec.get("down", 0.0)))
        letter.setOffsetUnit(MM)
        made.append(letter)
    return made_of(QgsMarkerSymbol, made)


def near(layer, spec):
    if "far" in spec:
        return only_when(layer, f"coalesce(@map_scale, 1) > {spec['far']}")
    return only_when(layer, f"coalesce(@map_scale, 1) <= {spec['near']}") if "near" in spec else layer


def only_when(layer, expression):
    layer.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty.fromExpression(expression))
    return layer
