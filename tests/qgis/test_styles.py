# SPDX-License-Identifier: GPL-2.0-or-later
"""Styles: .qml files equal the tables, QGIS reads them, every layer has one."""

import csv
import itertools
import re
import subprocess
import sys

import pytest
from qgis.core import QgsDefaultValue, QgsEditorWidgetSetup, QgsExpression, QgsFeature, QgsGeometry, QgsVectorLayer
from qgis.PyQt.QtGui import QColor

from plugin.bridge.layers import painting, styles
from plugin.core.standard import load_standard, standard_ids
from plugin.paths import ICONS, REPORTS, STANDARDS, STYLES
from tests.parametrize import for_each
from tests.qgis.helpers import ROOT

TABLE = styles.read_style_table()
KINDS = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "MultiPoint"}
DEFAULTS = {f"default_{geometry}": geometry for geometry in KINDS}
GEOMETRY = {name: spec.get("geometry", "polygon") for name, spec in TABLE["layers"].items()}
GEOMETRY |= {**DEFAULTS, styles.FINDINGS: "polygon"}
NAMES = list(GEOMETRY)
SHAPES = {
    "polygon": "Polygon((30 20, 200 20, 200 80, 30 80, 30 20))",
    "line": "LineString(10 20, 100 70, 220 30)",
    "point": "Point(115 48)",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("styles")
    subprocess.run([sys.executable, ROOT / "tools" / "make_styles.py", folder], check=True, capture_output=True)
    return folder


@for_each("name", NAMES)
def test_styles_equal_the_generated_files(made, name):
    # Qt 6 orders attributes differently: compare the contents, not the order.
    def words(path):
        return sorted(path.read_text(encoding="utf-8").replace(">", " ").replace("/", " ").split())

    assert words(made / f"{name}.qml") == words(STYLES / f"{name}.qml"), "tools/run.sh python tools/make_styles.py"


@for_each("name", NAMES)
def test_styles_name_no_font_of_the_machine_they_were_made_on(name):
    assert "fontFamily" not in (STYLES / f"{name}.qml").read_text(encoding="utf-8")


@for_each("name", NAMES)
def test_styles_load(qgis_app, name):
    layer = empty(name)
    before = layer.renderer()
    assert styles.apply_style(layer, name)
    assert layer.renderer() is not before


@for_each("name", NAMES)
def test_hatches_clipped_to_their_shape_belong_to_whole_shapes(name):
    """Forbid hatches that crash QGIS 3.40.

    QGIS crashes when it clips such a hatch to a polygon that is cut at the map edge.
    """
    style = (STYLES / f"{name}.qml").read_text(encoding="utf-8")
    for symbol in re.findall(r"<symbol [^>]*type=\"fill\".*?(?=<symbol [^>]*type=\"fill\"|\Z)", style, re.S):
        if 'name="clip_mode" value="before_render"' in symbol or 'value="before_render" name="clip_mode"' in symbol:
            assert 'clip_to_extent="0"' in symbol.split(">")[0]


def test_every_style_file_belongs_to_a_table():
    assert {p.stem for p in STYLES.glob("*.qml")} == set(NAMES)


def empty(name, fields=""):
    return QgsVectorLayer(f"{KINDS[GEOMETRY.get(name, 'polygon')]}?crs=EPSG:4526{fields}", "x", "memory")


def draw_rows(layer, rows):
    """Draw rows (shape, {field: value}) on a map of 23 × 10 mm at 1:10 000."""
    features = []
    for wkt, values in rows:
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        for field, value in values.items():
            feature[field] = value
        features.append(feature)
    assert layer.dataProvider().addFeatures(features)[0]
    layer.updateExtents()
    sheet = painting.PaintedSheet((0.0, 0.0, 230.0, 96.0), 230, 96, 23.0)
    return painting.draw_layers(sheet, [layer], layer.crs())


def count_ink(image):
    """Count the pixels that are not white."""
    image = image.convertToFormat(image.Format.Format_RGB32)
    return sum(image.pixel(x, y) & 0xFFFFFF != 0xFFFFFF for x in range(image.width()) for y in range(image.height()))


@for_each("name", [n for n in NAMES if n != styles.FINDINGS])
def test_every_style_draws_something(qgis_app, name):
    layer = empty(name, "&field=X:string")
    styles.apply_style(layer, name if name in TABLE["layers"] else "NO_SUCH_LAYER")
    assert count_ink(draw_rows(layer, [(SHAPES[GEOMETRY[name]], {})])) > 20


def test_every_layer_of_every_edition_is_drawn_by_one(qgis_app):
    """Draw each layer by its own style or by the default of its geometry."""
    seen = {}
    for standard in standard_ids():
        for template in load_standard(standard).templates.values():
            style_id = styles.style_name(template.role, template.geometry)
            assert GEOMETRY[style_id] == template.geometry, template.role
            seen[template.role] = style_id
    # The statutory layers have separate symbols.
    assert not {r for r in load_standard("county_db").templates if seen[r] in DEFAULTS} - {"QT"}


def test_editions_of_a_layer_share_its_symbols(qgis_app):
    asked = {"DLTB2009": "DLTB", "DLTB_2020": "DLTB", "YJJBNTTB": "YJJBNTBHTB", "WHCGHFQ": "YDYHGHFQ"}
    asked |= {"WHQZXCQCSLX": "ZXCQCSLX", "NO_SUCH": "default_polygon", "2020": "default_polygon"}
    assert {role: styles.style_name(role, "polygon") for role in asked} == asked
    assert styles.style_name("ZDJTJCSSX", "polygon") == "default_polygon", "a road drawn as an area is no road"
    assert styles.style_name("NO_SUCH", "line") == "default_line" and not styles.has_own_style("NO_SUCH")


def test_a_table_is_left_alone(qgis_app):
    layer = QgsVectorLayer("NoGeometry?field=X:string", "x", "memory")
    assert not styles.apply_style(layer, "DLTB")


def describe_pattern(spec):
    """Return the properties that distinguish a symbol without colour."""
    if isinstance(spec, dict):
        coloured = ("color", "fill", "ink", "inside", "opacity", "near", "geometry", "also", "tint")
        kept = {k: describe_pattern(v) for k, v in spec.items() if k not in coloured and not k.startswith("label")}
        return tuple(sorted((k, v) for k, v in kept.items()))
    return tuple(describe_pattern(v) for v in spec) if isinstance(spec, list) else spec


def test_layers_are_distinguishable_without_colour():
    single = {n: s for n, s in TABLE["layers"].items() if "class_by" not in s}
    parts = {n: TABLE["symbols"][s["symbol"]] if "symbol" in s else s for n, s in single.items()}
    for one, other in itertools.combinations(parts, 2):
        if GEOMETRY[one] == GEOMETRY[other]:
            assert describe_pattern(parts[one]) != describe_pattern(parts[other]), (one, other)


def compute_luminance(text):
    parts = (int(text[n : n + 2], 16) / 255 for n in (1, 3, 5))
    light = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def list_strokes(spec):
    yield from (one for key in ("line", "dots", "teeth", "badge") for one in ([spec[key]] if key in spec else []))
    yield from (one for key in ("hatch", "on_line") for one in spec.get(key, ()))


@for_each("name", [*TABLE["layers"], *TABLE["symbols"]])
def test_lines_are_dark_enough_to_print(name):
    """Require contrast 3:1 with paper (WCAG 2.1, graphics), 2:1 with their ground."""
    spec = TABLE["layers"].get(name) or TABLE["symbols"][name]
    for one in list_strokes(spec):
        assert 1.05 / (compute_luminance(one["color"]) + 0.05) >= 3, one
        if "fill" in spec:
            assert (compute_luminance(spec["fill"]) + 0.05) / (compute_luminance(one["color"]) + 0.05) >= 2, one


@pytest.mark.parametrize(
    ("name", "text"), [("ZXCQCSLX", "蓝"), ("ZXCQCSLVX", "绿"), ("ZXCQCSHX", "黄"), ("ZXCQCSZX", "紫")]
)
def test_the_four_lines_have_their_marks(name, text):
    (mark,) = TABLE["layers"][name]["on_line"]
    assert (mark["text"], mark["interval"]) == (text, 40.0)
    assert f'value="{text}"' in (STYLES / f"{name}.qml").read_text(encoding="utf-8")


def test_every_land_use_code_has_its_colour(qgis_app):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=DLBM:string", "x", "memory")
    styles.apply_style(layer, "DLTB")
    coloured = {
        code
        for c in layer.renderer().categories()
        for code in (c.value() if isinstance(c.value(), list) else [c.value()])
    }
    with (STANDARDS / "survey-2020/codelists/sandiao.csv").open(encoding="utf-8-sig", newline="") as handle:
        codes = {row["code"] for row in csv.DictReader(handle) if row["code_2023"]}
    assert codes <= coloured


@pytest.mark.parametrize("name", [n for n, s in TABLE["layers"].items() if s.get("code_list") == "planning_zones"])
def test_a_subdivided_zone_has_an_entry_for_every_part(name):
    """List every part of a zone if one part has its own entry.

    Otherwise 一般农业区 would be shown as “乡村发展区” next to 林业发展区.
    """
    own = {one["value"]: one["label"] for one in TABLE["layers"][name]["classes"] if one["value"]}
    with (STANDARDS / "common-2021/codelists/planning_zones.csv").open(encoding="utf-8-sig", newline="") as handle:
        zones = {row["code"]: row for row in csv.DictReader(handle)}
    split = {zones[code]["parent"] for code in own} - {""}
    assert [code for code, row in zones.items() if row["parent"] in split and code not in own] == []
    assert {code: label.split()[-1] for code, label in own.items()} == {code: zones[code]["name"] for code in own}


@pytest.mark.parametrize("name", [n for n, s in TABLE["layers"].items() if "classes" in s or "land_use" in s])
def test_classes_ask_for_fields_that_the_templates_have(qgis_app, name):
    """Compare fields and class values of styles with the template's code lists."""
    standard = load_standard()
    layer = empty(name)
    styles.apply_style(layer, name)
    renderer = layer.renderer()
    known = {v for c in renderer.categories() for v in (c.value() if isinstance(c.value(), list) else [c.value()])}
    asked = [name, *TABLE["layers"][name].get("also", ())]
    found = 0
    for template in (standard.templates[role] for role in asked if role in standard.templates):
        fields = {f.name: f for f in template.fields}
        field = fields.get(renderer.classAttribute())
        if field is None:
            assert "attribute(" in renderer.classAttribute(), template.role
            continue
        assert field.codes, template.role
        codes = standard.code_lists[field.codes].codes
        above = {c.parent for c in codes.values()}
        rest = next(c.label() for c in renderer.categories() if c.value() == "")
        leaves = {c.ljust(field.code_pad, "0") for c, row in codes.items() if c not in above and row.name != rest}
        assert leaves <= known
        found += 1
    assert found or "attribute(" in renderer.classAttribute()


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({"LX": "12"}, "建设控制地带"),
        ({"LX": "11"}, "核心保护范围"),
        ({"LX": None, "MC": "圆觉寺塔建设控制地带"}, "建设控制地带"),
        ({"LX": None, "MC": "圆觉寺塔"}, "核心保护范围"),
    ],
)
def test_heritage_is_classified_by_its_kind_or_its_name(qgis_app, values, label):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=LX:string&field=MC:string", "x", "memory")
    styles.apply_style(layer, "LSWHBHX")
    feature = QgsFeature(layer.fields())
    for name, value in values.items():
        feature[name] = value
    context = layer.createExpressionContext()
    context.setFeature(feature)
    value = QgsExpression(layer.renderer().classAttribute()).evaluate(context)
    assert [c.label() for c in layer.renderer().categories() if c.value() == value] == [label]


def test_only_findings_have_a_white_halo():
    for name in (*TABLE["layers"], *DEFAULTS):
        text = (STYLES / f"{name}.qml").read_text(encoding="utf-8")
        assert 'name="line_color" type="QString" value="255,255,255' not in text.replace("  ", " ")


def test_a_severity_has_one_colour_everywhere():
    from plugin.gui.widgets import theme

    page = (REPORTS / "report.html.j2").read_text(encoding="utf-8")
    for one in TABLE["findings"]["classes"]:
        icon = (ICONS / f"{one['icon']}.svg").read_text(encoding="utf-8")
        assert one["color"] in icon and theme._COLORS[one["icon"]][0] == one["color"], one["value"]
        if one["value"].isupper():
            line = next(row for row in page.splitlines() if f'name == "{one["value"]}"' in row)
            assert f'fill="{one["color"]}"' in line, one["value"]


def test_the_sheet_shows_all_of_them(tmp_path):
    command = [sys.executable, ROOT / "tools" / "symbol_sheet.py", tmp_path / "图 示"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    pages = sorted(p.name for p in (tmp_path / "图 示").iterdir())
    assert done.returncode == 0 and pages[-1] == "symbols.pdf" and len(pages) >= 3, done.stdout + done.stderr


def test_symbols_for_the_layers_that_play_a_role_and_nothing_lost(project):
    boundary = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=GHFQDM:string", "我的边界", "memory")
    project.addMapLayer(boundary)
    boundary.renderer().symbol().setColor(QColor("#123456"))
    roles = {"CZKFBJ": boundary.id(), "STBHHX": "gone meanwhile"}
    boundary.setFieldAlias(0, "规划分区代码")
    boundary.setDefaultValueDefinition(0, QgsDefaultValue("'410'"))
    boundary.setCustomProperty("sanxian/form", "CZKFBJ")
    boundary.setEditorWidgetSetup(0, QgsEditorWidgetSetup("ValueMap", {"map": [{"甲": "1"}]}))
    assert styles.apply_to_project(project, roles, "原样式") == ["我的边界"]
    # Forms are tested elsewhere.
    assert boundary.attributeAlias(0) == "规划分区代码" and boundary.defaultValueDefinition(0).expression() == "'410'"
    assert boundary.editorWidgetSetup(0).type() == "ValueMap" and boundary.customProperty("sanxian/form") == "CZKFBJ"
    assert boundary.renderer().type() == "mergedFeatureRenderer"
    manager = boundary.styleManager()
    assert "原样式" in manager.styles() and "#123456" not in boundary.renderer().dump()
    # A second run has the same symbols, so no second copy is stored.
    before = manager.styles()
    styles.apply_to_project(project, roles, "原样式")
    assert manager.styles() == before
    assert manager.setCurrentStyle("原样式")
    assert boundary.renderer().symbol().color().name() == "#123456"
    styles.apply_to_project(project, roles, "原样式")
    assert "原样式 2" in manager.styles()
