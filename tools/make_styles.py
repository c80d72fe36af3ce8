# SPDX-License-Identifier: GPL-2.0-or-later
"""Write resources/styles/*.qml from the .toml files, with classes of QGIS.

tools/run.sh python tools/make_styles.py [folder]. All versions of QGIS read these files.
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

os.environ.setdefault("QT_HASH_SEED", "0")  # fixes the order of attributes
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsFeatureRequest,
    QgsFillSymbol,
    QgsGeometryGeneratorSymbolLayer,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsMergedFeatureRenderer,
    QgsPalLayerSettings,
    QgsRendererCategory,
    QgsSingleSymbolRenderer,
    QgsSvgMarkerSymbolLayer,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from symbols import (
    MM,
    enable_only_when,
    make_plain_fill,
    make_simple_line,
    make_symbol,
    make_symbol_of_layers,
    parse_color,
)

ROOT = Path(__file__).resolve().parent.parent
STYLES = ROOT / "resources" / "styles"
STANDARDS = ROOT / "resources" / "standards"
CODE_LISTS = {
    "planning_zones": STANDARDS / "common-2021/codelists/planning_zones.csv",
    "heritage_kind": STANDARDS / "common-2021/codelists/heritage_kind.csv",
    "sandiao": STANDARDS / "survey-2020/codelists/sandiao.csv",
    "land_use_2023": STANDARDS / "common-2021/codelists/land_use_2023.csv",
}
#: Codes are padded with zeros to this length in the data (YDYHFLDM), but not in their list.
PADDED_CODE_LENGTH = 6
GEOMETRIES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "MultiPoint"}
PLACEMENTS = {"polygon": "Horizontal", "line": "Curved", "point": "AroundPoint"}


def read_style_table():
    """Return all .toml files of the folder as one table; a repeated name is an error."""
    table = {}
    for path in sorted(STYLES.glob("*.toml")):
        for section, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            there = table.setdefault(section, {})
            twice = sorted(set(there) & set(entries))
            if twice:
                sys.exit(f"{path}: [{section}] 重复 · twice: {', '.join(twice)}")
            there.update(entries)
    return table


def read_code_list(code_list):
    """Return the rows of a code list, one of `CODE_LISTS`, as dicts."""
    with CODE_LISTS[code_list].open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def list_descendants(code_list, top_code, codes_with_class):
    """Return a code and all codes below it that have no separate class.

    ``codes_with_class``: the codes that have a class in the same style.
    """
    found, parents = [top_code], {top_code}
    for row in read_code_list(code_list):
        if row["parent"] in parents and row["code"] not in codes_with_class:
            parents.add(row["code"])
            found.append(row["code"])
    return found


def make_class_renderer(spec, symbols):
    """Return a renderer with a symbol for each class of a style.

    ``spec``: the style's table; ``symbols``: name of a symbol → its table.
    """
    taken = {one["value"] for one in spec["classes"]}
    categories = []
    for one in spec["classes"]:
        value = one["value"]
        if value and "code_list" in spec:
            value = list_descendants(spec["code_list"], value, taken)
        categories.append(QgsRendererCategory(value, make_symbol(symbols[one["symbol"]]), one["label"]))
    return QgsCategorizedSymbolRenderer(insert_codes(spec["class_by"]), categories)


def insert_codes(expression):
    """Return an expression in which each ``{list:word}`` is replaced by codes of a code list.

    They are the codes whose names contain the word.
    """

    def list_codes(match):
        return ", ".join(f"'{row['code']}'" for row in read_code_list(match[1]) if match[2] in row["name"])

    return re.sub(r"\{(\w+):(\w+)\}", list_codes, expression)


def make_land_use_renderer(spec, table):
    """Return a renderer of land use with a class per official colour.

    Each class has the codes of the layer's land-use classification.
    """
    colors, members, instead = table["colors"], {}, table["instead"][spec["land_use"]]
    for row in read_code_list("sandiao" if spec["land_use"] == "code_2023" else "land_use_2023"):
        target = instead.get(row["code"]) or row[spec["land_use"]].split("|")[0] or row["code"]
        known = [code for code in colors if target.startswith(code)]
        if known and not (spec["land_use"] == "code_2023" and not row["code_2023"]):
            codes = dict.fromkeys(
                (row["code"], row["code"].ljust(PADDED_CODE_LENGTH, "0") if spec.get("padded") else row["code"])
            )
            members.setdefault(max(known, key=len), []).extend(codes)
    outline = {"line": table["outline"]}
    categories = [
        QgsRendererCategory(members[code], make_symbol({"fill": fill, **outline}), f"{code} {name}")
        for code, (name, fill) in colors.items()
        if code in members
    ]
    categories.append(QgsRendererCategory("", make_symbol({"fill": table["other"], **outline}), "其他"))
    return QgsCategorizedSymbolRenderer(spec["class_by"], categories)


#: A point on the feature, in its visible part if only a part is visible; in a legend a point on the sample.
VISIBLE_POINT = (
    "with_variable('extent', "
    "try(if(@map_crs = @layer_crs, @map_extent, transform(@map_extent, @map_crs, @layer_crs))), "
    "with_variable('point', point_on_surface(@geometry), if(@extent IS NULL OR intersects(@point, @extent), @point, "
    "point_on_surface(intersection(@geometry, @extent)))))"
)


def make_finding_symbol(spec, class_spec):
    """Return the symbol of one class of findings: an outline where the finding is large on the map, always an icon.

    ``spec``: sizes (mm) of all classes; ``class_spec``: colour, icon and dash of this class.
    """
    big = f"max(bounds_width(@geometry), bounds_height(@geometry)) / @map_scale * 1000 >= {spec['mark_only']}"
    halo = make_simple_line({"color": "#FFFFFF", "width": spec["width"]}, 2 * spec["halo"])
    layers = [halo, make_plain_fill(class_spec["color"], class_spec["fill"])] if class_spec["fill"] else [halo]
    layers.append(make_simple_line({"color": class_spec["color"], "width": spec["width"], "dash": class_spec["dash"]}))
    for layer in layers:
        enable_only_when(layer, big)
    icon = (ROOT / "resources" / "icons" / f"{class_spec['icon']}.svg").read_bytes()
    mark = QgsSvgMarkerSymbolLayer("base64:" + base64.b64encode(icon).decode("ascii"), spec["mark"])
    mark.setSizeUnit(MM)
    mark.setFillColor(parse_color(class_spec["color"]))
    mark.setStrokeColor(parse_color("#FFFFFF"))
    # A centroid fill would draw the icon in the corner of the map for a finding that only its box brings into the map,
    # and at another point than the mark of the selected finding, because it computes in pixels.
    visible_point = QgsGeometryGeneratorSymbolLayer.create({"geometryModifier": VISIBLE_POINT, "SymbolType": "Marker"})
    visible_point.setSubSymbol(make_symbol_of_layers(QgsMarkerSymbol, [mark]))
    return make_symbol_of_layers(QgsFillSymbol, [*layers, visible_point])


def make_findings_renderer(spec):
    """Return the renderer of the findings layer; its first class is drawn on top."""
    what = "CASE WHEN \"state\" = 'waived' THEN 'waived' ELSE \"severity\" END"
    order = [one["value"] for one in reversed(spec["classes"])]
    categories = [QgsRendererCategory(c["value"], make_finding_symbol(spec, c), c["label"]) for c in spec["classes"]]
    made = QgsCategorizedSymbolRenderer(what, categories)
    listed = ", ".join(f"'{value}'" for value in order)
    clause = QgsFeatureRequest.OrderByClause(f"array_find(array({listed}), {what})", True)
    made.setOrderBy(QgsFeatureRequest.OrderBy([clause]))
    made.setOrderByEnabled(True)
    return made


def make_labeling(spec, geometry):
    """Return the labels of a layer with this geometry (polygon, line or point)."""
    text = QgsTextFormat()
    text.setColor(parse_color(spec["label_color"]))
    text.setSize(spec["label_size"])
    buffer = QgsTextBufferSettings()
    buffer.setEnabled(True)
    buffer.setSize(0.6)
    buffer.setColor(parse_color("#FFFFFF", 0.85))
    text.setBuffer(buffer)
    settings = QgsPalLayerSettings()
    settings.fieldName = spec["label_by"]
    settings.setFormat(text)
    settings.placement = getattr(Qgis.LabelPlacement, PLACEMENTS[geometry])
    settings.dist = 0.6 if geometry == "point" else 0.0
    # At small scales names would cover the map, at large scales the labelled features.
    settings.scaleVisibility = "label_from_scale" in spec or "label_to_scale" in spec
    settings.minimumScale = spec.get("label_from_scale", 0)
    settings.maximumScale = spec.get("label_to_scale", 0)
    return QgsVectorLayerSimpleLabeling(settings)


def make_styled_layer(spec, table):
    """Return an empty layer with renderer, opacity and labels of a style.

    ``spec``: the style's table; ``table``: all tables of the style files.
    """
    geometry = spec.get("geometry", "polygon")
    layer = QgsVectorLayer(f"{GEOMETRIES[geometry]}?crs=EPSG:4526", "style", "memory")
    if "land_use" in spec:
        renderer = make_land_use_renderer(spec, table["land_use"])
    elif "classes" in spec:
        renderer = make_class_renderer(spec, table["symbols"])
    else:
        # A separate symbol is in the entry of the layer.
        parts = table["symbols"][spec["symbol"]] if "symbol" in spec else spec
        renderer = QgsSingleSymbolRenderer(make_symbol(parts, geometry))
    if spec.get("merged"):
        renderer = QgsMergedFeatureRenderer(renderer)
    layer.setRenderer(renderer)
    layer.setOpacity(spec.get("opacity", 1.0))
    if "label_by" in spec:
        layer.setLabeling(make_labeling(spec, geometry))
        layer.setLabelsEnabled(True)
    return layer


def save_style(layer, path, has_labels):
    """Write the style of a layer as a .qml file; the same symbols give the same bytes."""
    kept = QgsMapLayer.StyleCategory.Symbology
    if layer.opacity() < 1:
        kept |= QgsMapLayer.StyleCategory.Rendering
    if has_labels:
        kept |= QgsMapLayer.StyleCategory.Labeling
    message, ok = layer.saveNamedStyle(str(path), kept)
    if not ok:
        sys.exit(message)
    text = path.read_text(encoding="utf-8")
    # Random ids and the version are replaced, so that the same symbols give the same bytes.
    text = re.sub(r'(<qgis [^>]*version=")[^"]*"', r'\g<1>3.40"', text, count=1)
    found = dict.fromkeys(re.findall(r"\{[0-9a-f-]{36}\}", text))
    for n, name in enumerate(found):
        text = text.replace(name, f"{{{uuid.uuid5(uuid.NAMESPACE_OID, f'{path.stem}.{n}')}}}")
    # Labels use the font of the displaying machine, because a missing font gives a warning for every layer.
    text = re.sub(r' fontFamily="[^"]*"', "", text)
    # Qt 5 and Qt 6 count weights on different scales: both read -1 as normal.
    text = re.sub(r' fontWeight="[^"]*"', ' fontWeight="-1"', text)
    path.write_text(unify_colors(text), encoding="utf-8", newline="\n")


#: Red, green, blue and alpha as shares, which QGIS 3.40 writes with 17 digits and QGIS 3.44 with 7 decimals.
_COLOR_COMPONENTS_PATTERN = re.compile(r"(?<=,rgb:)[\d.]+(?:,[\d.]+){3}")


def unify_colors(text: str) -> str:
    """Return a style's text with the colour components rounded to 7 decimals."""

    def round_components(found: re.Match[str]) -> str:
        return ",".join(f"{float(share):.7f}".rstrip("0").rstrip(".") for share in found[0].split(","))

    return _COLOR_COMPONENTS_PATTERN.sub(round_components, text)


def make_styles(folder):
    """Write the styles of all roles, of other layers by geometry, of findings and of counties to a folder."""
    table = read_style_table()
    folder.mkdir(parents=True, exist_ok=True)
    for old in STYLES.glob("*.qml") if folder == STYLES else ():
        old.unlink()
    for role, spec in table["layers"].items():
        save_style(make_styled_layer(spec, table), folder / f"{role}.qml", "label_by" in spec)
    for geometry, name in table["defaults"].items():
        save_style(
            make_styled_layer({"geometry": geometry, "symbol": name}, table), folder / f"default_{geometry}.qml", False
        )
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=severity:string&field=state:string", "findings", "memory")
    layer.setRenderer(make_findings_renderer(table["findings"]))
    save_style(layer, folder / "findings.qml", False)
    counties = table["counties"]
    save_style(make_styled_layer(counties, counties), folder / "counties.qml", True)


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    make_styles(Path(sys.argv[1]) if len(sys.argv) > 1 else STYLES)
    application.exitQgis()
