# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes resources/styles/*.qml from symbols.toml, through QGIS's own classes, so that every version reads them.

tools/run.sh python tools/make_styles.py [folder]
"""

from __future__ import annotations

import base64
import csv
import os
import re
import sys
import tomllib
import uuid
from pathlib import Path

os.environ.setdefault("QT_HASH_SEED", "0")  # else attributes come in another order each time
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsCentroidFillSymbolLayer,
    QgsFeatureRequest,
    QgsFillSymbol,
    QgsHashedLineSymbolLayer,
    QgsLinePatternFillSymbolLayer,
    QgsLineSymbol,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsMergedFeatureRenderer,
    QgsPalLayerSettings,
    QgsPointPatternFillSymbolLayer,
    QgsProperty,
    QgsRendererCategory,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsSimpleMarkerSymbolLayer,
    QgsSingleSymbolRenderer,
    QgsSvgMarkerSymbolLayer,
    QgsSymbolLayer,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

ROOT = Path(__file__).resolve().parent.parent
STYLES = ROOT / "resources" / "styles"
STANDARDS = ROOT / "resources" / "standards"
CODE_LISTS = {
    "planning_zones": STANDARDS / "common-2021/codelists/planning_zones.csv",
    "sandiao": STANDARDS / "survey-2020/codelists/sandiao.csv",
    "land_use_2023": STANDARDS / "county_db-2021/codelists/land_use_2023.csv",
}
MM = Qgis.RenderUnit.Millimeters


def made_of(kind, layers):
    """A symbol of layers, appended one by one: the constructor that takes a list leaves them to Python, which frees them."""
    made = kind()
    made.deleteSymbolLayer(0)
    for layer in layers:
        made.appendSymbolLayer(layer)
    return made


def color(text, opacity=1.0):
    made = QColor(text)
    made.setAlphaF(opacity)
    return made


def simple_line(spec, more=0.0):
    layer = QgsSimpleLineSymbolLayer(color(spec["color"]), spec["width"] + more)
    layer.setWidthUnit(MM)
    layer.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
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
    line = made_of(QgsLineSymbol, [simple_line({**spec, "color": spec["color"]})])
    line.setOpacity(spec.get("opacity", 1.0))
    layer.setSubSymbol(line)
    return layer


def dots(spec):
    dot = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Circle, spec["size"], 0, color=color(spec["color"]))
    dot.setStrokeStyle(Qt.PenStyle.NoPen)
    dot.setSizeUnit(MM)
    layer = QgsPointPatternFillSymbolLayer()
    layer.setSubSymbol(made_of(QgsMarkerSymbol, [dot]))
    for set_one in (layer.setDistanceX, layer.setDistanceY):
        set_one(spec["distance"])
    layer.setDistanceXUnit(MM)
    layer.setDistanceYUnit(MM)
    return layer


def teeth(spec):
    """Short strokes inward of the outline: the symbol's rings run right-handed, so inward is always one side."""
    layer = QgsHashedLineSymbolLayer(True, spec["interval"])
    layer.setIntervalUnit(MM)
    layer.setHashLength(spec["length"])
    layer.setHashLengthUnit(MM)
    layer.setOffset(spec["length"] / 2)
    layer.setOffsetUnit(MM)
    layer.setSubSymbol(made_of(QgsLineSymbol, [simple_line({"color": spec["color"], "width": spec["width"]})]))
    return layer


def symbol(spec):
    layers = [plain_fill(spec["fill"])] if "fill" in spec else []
    if "tint" in spec:
        tint = spec["tint"]
        layers.append(
            only_when(plain_fill(tint["color"], tint["opacity"]), f"coalesce(@map_scale, 1) > {tint['near']}")
        )
    layers += [near(hatch(one), one) for one in spec.get("hatch", ())]
    layers += [dots(spec["dots"])] if "dots" in spec else []
    layers += [near(teeth(spec["teeth"]), spec["teeth"])] if "teeth" in spec else []
    layers.append(near(simple_line(spec["line"]), spec["line"]))
    made = made_of(QgsFillSymbol, layers)
    made.setForceRHR("teeth" in spec)
    return made


def near(layer, spec):
    return only_when(layer, f"coalesce(@map_scale, 1) <= {spec['near']}") if "near" in spec else layer


def only_when(layer, expression):
    layer.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty.fromExpression(expression))
    return layer


def rows(code_list):
    with CODE_LISTS[code_list].open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def below(code_list, top, taken):
    """The code and all codes under it that no class of their own takes."""
    found, parents = [top], {top}
    for row in rows(code_list):
        if row["parent"] in parents and row["code"] not in taken:
            parents.add(row["code"])
            found.append(row["code"])
    return found


def class_renderer(spec, symbols):
    taken = {one["value"] for one in spec["classes"]}
    categories = []
    for one in spec["classes"]:
        value = one["value"]
        if value and "code_list" in spec:
            value = below(spec["code_list"], value, taken)
        categories.append(QgsRendererCategory(value, symbol(symbols[one["symbol"]]), one["label"]))
    return QgsCategorizedSymbolRenderer(spec["class_by"], categories)


def land_use_renderer(spec, table):
    """One class per official colour, holding every code of the layer's own classification that it stands for."""
    colors, members = table["colors"], {}
    for row in rows("sandiao" if spec["land_use"] == "code_2023" else "land_use_2023"):
        target = table["instead"].get(row["code"]) or row[spec["land_use"]].split("|")[0] or row["code"]
        known = [code for code in colors if target.startswith(code)]
        if known and not (spec["land_use"] == "code_2023" and not row["code_2023"]):
            members.setdefault(max(known, key=len), []).append(row["code"])
    outline = {"line": table["outline"]}
    categories = [
        QgsRendererCategory(members[code], symbol({"fill": fill, **outline}), f"{code} {name}")
        for code, (name, fill) in colors.items()
        if code in members
    ]
    categories.append(QgsRendererCategory("", symbol({"fill": table["other"], **outline}), "其他"))
    return QgsCategorizedSymbolRenderer(spec["class_by"], categories)


def finding_symbol(spec, one):
    big = f"max(bounds_width(@geometry), bounds_height(@geometry)) / @map_scale * 1000 >= {spec['mark_only']}"
    halo = simple_line({"color": "#FFFFFF", "width": spec["width"]}, 2 * spec["halo"])
    layers = [halo, plain_fill(one["color"], one["fill"])] if one["fill"] else [halo]
    layers.append(simple_line({"color": one["color"], "width": spec["width"], "dash": one["dash"]}))
    for layer in layers:
        only_when(layer, big)
    icon = (ROOT / "resources" / "icons" / f"{one['icon']}.svg").read_bytes()
    mark = QgsSvgMarkerSymbolLayer("base64:" + base64.b64encode(icon).decode("ascii"), spec["mark"])
    mark.setSizeUnit(MM)
    mark.setFillColor(color(one["color"]))
    mark.setStrokeColor(color("#FFFFFF"))
    centre = QgsCentroidFillSymbolLayer()
    centre.setPointOnSurface(True)
    centre.setPointOnAllParts(False)
    centre.setSubSymbol(made_of(QgsMarkerSymbol, [mark]))
    return made_of(QgsFillSymbol, [*layers, centre])


def findings_renderer(spec):
    """The first class lies on top."""
    what = "CASE WHEN \"state\" = 'waived' THEN 'waived' ELSE \"severity\" END"
    order = [one["value"] for one in reversed(spec["classes"])]
    categories = [QgsRendererCategory(c["value"], finding_symbol(spec, c), c["label"]) for c in spec["classes"]]
    made = QgsCategorizedSymbolRenderer(what, categories)
    listed = ", ".join(f"'{value}'" for value in order)
    clause = QgsFeatureRequest.OrderByClause(f"array_find(array({listed}), {what})", True)
    made.setOrderBy(QgsFeatureRequest.OrderBy([clause]))
    made.setOrderByEnabled(True)
    return made


def labeling(spec):
    text = QgsTextFormat()
    text.setColor(color(spec["label_color"]))
    text.setSize(spec["label_size"])
    buffer = QgsTextBufferSettings()
    buffer.setEnabled(True)
    buffer.setSize(0.6)
    buffer.setColor(color("#FFFFFF", 0.85))
    text.setBuffer(buffer)
    settings = QgsPalLayerSettings()
    settings.fieldName = spec["label_by"]
    settings.setFormat(text)
    settings.placement = Qgis.LabelPlacement.Horizontal
    # From afar names would hide the map, from near they would hide what they name.
    settings.scaleVisibility = "label_from_scale" in spec or "label_to_scale" in spec
    settings.minimumScale = spec.get("label_from_scale", 0)
    settings.maximumScale = spec.get("label_to_scale", 0)
    return QgsVectorLayerSimpleLabeling(settings)


def styled(spec, table):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "style", "memory")
    if "land_use" in spec:
        renderer = land_use_renderer(spec, table["land_use"])
    elif "classes" in spec:
        renderer = class_renderer(spec, table["symbols"])
    else:
        renderer = QgsSingleSymbolRenderer(symbol(table["symbols"][spec["symbol"]]))
    if spec.get("merged"):
        renderer = QgsMergedFeatureRenderer(renderer)
    layer.setRenderer(renderer)
    layer.setOpacity(spec.get("opacity", 1.0))
    if "label_by" in spec:
        layer.setLabeling(labeling(spec))
        layer.setLabelsEnabled(True)
    return layer


def save(layer, path, labels):
    kept = QgsMapLayer.StyleCategory.Symbology
    if layer.opacity() < 1:
        kept |= QgsMapLayer.StyleCategory.Rendering
    if labels:
        kept |= QgsMapLayer.StyleCategory.Labeling
    message, ok = layer.saveNamedStyle(str(path), kept)
    if not ok:
        sys.exit(message)
    text = path.read_text(encoding="utf-8")
    # The same symbols give the same bytes: ids are random, the version changes.
    text = re.sub(r'(<qgis [^>]*version=")[^"]*"', r'\g<1>3.40"', text, count=1)
    found = dict.fromkeys(re.findall(r"\{[0-9a-f-]{36}\}", text))
    for n, name in enumerate(found):
        text = text.replace(name, f"{{{uuid.uuid5(uuid.NAMESPACE_OID, f'{path.stem}.{n}')}}}")
    path.write_text(text, encoding="utf-8", newline="\n")


def make(folder):
    with (STYLES / "symbols.toml").open("rb") as handle:
        table = tomllib.load(handle)
    folder.mkdir(parents=True, exist_ok=True)
    for role, spec in table["layers"].items():
        save(styled(spec, table), folder / f"{role}.qml", "label_by" in spec)
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=severity:string&field=state:string", "findings", "memory")
    layer.setRenderer(findings_renderer(table["findings"]))
    save(layer, folder / "findings.qml", False)


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else STYLES)
    application.exitQgis()
