# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that .qml styles equal their table, load in QGIS and cover every layer."""

import csv
import itertools
import re
import subprocess
import sys

import pytest
from qgis.core import QgsDefaultValue, QgsEditorWidgetSetup, QgsExpression, QgsFeature, QgsGeometry, QgsVectorLayer
from qgis.PyQt.QtGui import QColor

from plugin.bridge.layers import painting, styles
from plugin.core.standard import list_standard_ids, load_standard
from plugin.paths import ICONS_FOLDER, REPORT_TEMPLATES_FOLDER, STANDARDS_FOLDER, STYLES_FOLDER
from tests.parametrize import for_each
from tests.qgis.helpers import ROOT

STYLE_TABLE = styles.read_style_table()
GEOMETRY_TYPES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "MultiPoint"}
DEFAULT_STYLES = {f"default_{geometry}": geometry for geometry in GEOMETRY_TYPES}
GEOMETRY_BY_STYLE = {name: spec.get("geometry", "polygon") for name, spec in STYLE_TABLE["layers"].items()}
GEOMETRY_BY_STYLE |= {**DEFAULT_STYLES, styles.FINDINGS_STYLE: "polygon"}
STYLE_NAMES = list(GEOMETRY_BY_STYLE)
EXAMPLE_SHAPES = {
    "polygon": "Polygon((30 20, 200 20, 200 80, 30 80, 30 20))",
    "line": "LineString(10 20, 100 70, 220 30)",
    "point": "Point(115 48)",
}


@pytest.fixture(scope="module")
def generated_styles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("styles")
    subprocess.run([sys.executable, ROOT / "tools" / "make_styles.py", folder], check=True, capture_output=True)
    return folder


@for_each("name", STYLE_NAMES)
def test_style_files_equal_the_output_of_make_styles(generated_styles, name):
    # Qt 6 orders attributes differently, and rounds the last digit of colours.
    def read_sorted_words(path):
        text = re.sub(r"0\.\d{7}", lambda found: f"{float(found[0]):.5f}", path.read_text(encoding="utf-8"))
        return sorted(text.replace(">", " ").replace("/", " ").split())

    assert read_sorted_words(generated_styles / f"{name}.qml") == read_sorted_words(STYLES_FOLDER / f"{name}.qml"), (
        "tools/run.sh python tools/make_styles.py"
    )


@for_each("name", STYLE_NAMES)
def test_style_files_name_no_font_family(name):
    assert "fontFamily" not in (STYLES_FOLDER / f"{name}.qml").read_text(encoding="utf-8")


@for_each("name", STYLE_NAMES)
def test_style_file_is_applied_to_a_layer_by_qgis(qgis_app, name):
    layer = make_empty_layer(name)
    before = layer.renderer()
    assert styles.apply_role_style(layer, name)
    assert layer.renderer() is not before


@for_each("name", STYLE_NAMES)
def test_style_files_have_no_hatch_that_crashes_qgis_3_40(name):
    """Search style files for hatches that crash QGIS 3.40.

    QGIS crashes when it clips such a hatch to a polygon that is cut at the map edge.
    """
    style = (STYLES_FOLDER / f"{name}.qml").read_text(encoding="utf-8")
    for symbol in re.findall(r"<symbol [^>]*type=\"fill\".*?(?=<symbol [^>]*type=\"fill\"|\Z)", style, re.S):
        if 'name="clip_mode" value="before_render"' in symbol or 'value="before_render" name="clip_mode"' in symbol:
            assert 'clip_to_extent="0"' in symbol.split(">")[0]


def test_style_files_are_exactly_those_of_the_style_table():
    assert {p.stem for p in STYLES_FOLDER.glob("*.qml")} == {*STYLE_NAMES, styles.COUNTIES_STYLE}


def make_empty_layer(name, fields=""):
    return QgsVectorLayer(
        f"{GEOMETRY_TYPES[GEOMETRY_BY_STYLE.get(name, 'polygon')]}?crs=EPSG:4526{fields}", "x", "memory"
    )


def draw_rows(layer, rows):
    """Draw rows (shape, {field: value}) on a map image of 23 × 10 mm at 1:10 000."""
    features = []
    for wkt, values in rows:
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        for field, value in values.items():
            feature[field] = value
        features.append(feature)
    assert layer.dataProvider().addFeatures(features)[0]
    layer.updateExtents()
    sheet = painting.ImageFrame((0.0, 0.0, 230.0, 96.0), 230, 96, 23.0)
    return painting.draw_layers(sheet, [layer], layer.crs())


def count_ink(image):
    """Count the pixels that are not white."""
    image = image.convertToFormat(image.Format.Format_RGB32)
    return sum(image.pixel(x, y) & 0xFFFFFF != 0xFFFFFF for x in range(image.width()) for y in range(image.height()))


@for_each("name", [n for n in STYLE_NAMES if n != styles.FINDINGS_STYLE])
def test_every_style_draws_visible_pixels(qgis_app, name):
    layer = make_empty_layer(name, "&field=X:string")
    styles.apply_role_style(layer, name if name in STYLE_TABLE["layers"] else "NO_SUCH_LAYER")
    assert count_ink(draw_rows(layer, [(EXAMPLE_SHAPES[GEOMETRY_BY_STYLE[name]], {})])) > 20


@for_each("name", ["CZKFBJ", "ZQFW", "XZQX"])
def test_selected_polygon_without_a_fill_has_a_band_along_its_outline(qgis_app, name):
    layer = make_empty_layer(name, "&field=X:string")
    styles.apply_role_style(layer, name)
    plain = count_ink(draw_rows(layer, [(EXAMPLE_SHAPES["polygon"], {})]))
    layer.selectAll()
    assert count_ink(draw_rows(layer, [])) > 2 * plain


def test_every_layer_of_every_standard_has_a_style_of_its_geometry_type(qgis_app):
    """Accept a layer's separate style or the default of its geometry."""
    seen = {}
    for standard in list_standard_ids():
        for template in load_standard(standard).templates.values():
            style_id = styles.get_style_name(template.role, template.geometry)
            assert GEOMETRY_BY_STYLE[style_id] == template.geometry, template.role
            seen[template.role] = style_id
    # The statutory layers have separate symbols, those of this plugin (KNCZDXWWQY, YYSSYBHQ) and of projects have none.
    assert not {r for r in load_standard("county_db").templates if seen[r] in DEFAULT_STYLES} - {
        "QT",
        "KNCZDXWWQY",
        "YYSSYBHQ",
        "XS_XMKJFW",
    }


def test_layer_code_of_another_edition_gets_the_style_of_its_counterpart_and_unknown_codes_a_default(qgis_app):
    asked = {"DLTB2009": "DLTB", "DLTB_2020": "DLTB", "YJJBNTTB": "YJJBNTBHTB", "WHCGHFQ": "YDYHGHFQ"}
    asked |= {"WHQZXCQCSLX": "ZXCQCSLX", "NO_SUCH": "default_polygon", "2020": "default_polygon"}
    assert {role: styles.get_style_name(role, "polygon") for role in asked} == asked
    assert styles.get_style_name("ZDJTJCSSX", "polygon") == "default_polygon", "a road drawn as an area is no road"
    assert styles.get_style_name("NO_SUCH", "line") == "default_line" and not styles.has_style_entry("NO_SUCH")


def test_no_style_is_applied_to_a_table_without_geometry(qgis_app):
    layer = QgsVectorLayer("NoGeometry?field=X:string", "x", "memory")
    assert not styles.apply_role_style(layer, "DLTB")


def describe_pattern(spec):
    """Return the properties that distinguish a symbol without its colour."""
    if isinstance(spec, dict):
        coloured = ("color", "fill", "ink", "inside", "opacity", "near", "geometry", "also", "tint")
        kept = {k: describe_pattern(v) for k, v in spec.items() if k not in coloured and not k.startswith("label")}
        return tuple(sorted((k, v) for k, v in kept.items()))
    return tuple(describe_pattern(v) for v in spec) if isinstance(spec, list) else spec


def test_styles_of_layers_are_distinguishable_without_colour():
    single = {n: s for n, s in STYLE_TABLE["layers"].items() if "class_by" not in s}
    parts = {n: STYLE_TABLE["symbols"][s["symbol"]] if "symbol" in s else s for n, s in single.items()}
    for one, other in itertools.combinations(parts, 2):
        if GEOMETRY_BY_STYLE[one] == GEOMETRY_BY_STYLE[other]:
            assert describe_pattern(parts[one]) != describe_pattern(parts[other]), (one, other)


def compute_luminance(text):
    parts = (int(text[n : n + 2], 16) / 255 for n in (1, 3, 5))
    light = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def list_strokes(spec):
    yield from (one for key in ("line", "dots", "teeth", "badge") for one in ([spec[key]] if key in spec else []))
    yield from (one for key in ("hatch", "on_line") for one in spec.get(key, ()))


@for_each("name", [*STYLE_TABLE["layers"], *STYLE_TABLE["symbols"]])
def test_style_lines_have_enough_contrast_to_be_printed(name):
    """Require contrast 3:1 with paper (WCAG 2.1) and 2:1 with the fill colour."""
    spec = STYLE_TABLE["layers"].get(name) or STYLE_TABLE["symbols"][name]
    for one in list_strokes(spec):
        assert 1.05 / (compute_luminance(one["color"]) + 0.05) >= 3, one
        if "fill" in spec:
            assert (compute_luminance(spec["fill"]) + 0.05) / (compute_luminance(one["color"]) + 0.05) >= 2, one


@pytest.mark.parametrize(
    ("name", "text"), [("ZXCQCSLX", "蓝"), ("ZXCQCSLVX", "绿"), ("ZXCQCSHX", "黄"), ("ZXCQCSZX", "紫")]
)
def test_styles_of_the_four_city_lines_have_a_letter_repeated_along_the_line(name, text):
    (mark,) = STYLE_TABLE["layers"][name]["on_line"]
    assert (mark["text"], mark["interval"]) == (text, 40.0)
    assert f'value="{text}"' in (STYLES_FOLDER / f"{name}.qml").read_text(encoding="utf-8")


def test_style_of_land_parcels_has_a_category_for_every_land_use_code(qgis_app):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=DLBM:string", "x", "memory")
    styles.apply_role_style(layer, "DLTB")
    coloured = {
        code
        for c in layer.renderer().categories()
        for code in (c.value() if isinstance(c.value(), list) else [c.value()])
    }
    with (STANDARDS_FOLDER / "survey-2020/codelists/sandiao.csv").open(encoding="utf-8-sig", newline="") as handle:
        codes = {row["code"] for row in csv.DictReader(handle) if row["code_2023"]}
    assert codes <= coloured


@pytest.mark.parametrize(
    "name", [n for n, s in STYLE_TABLE["layers"].items() if s.get("code_list") == "planning_zones"]
)
def test_style_that_lists_one_subzone_of_a_planning_zone_lists_all_subzones_of_that_zone(name):
    """Compare the subzones of styles with the code list.

    Otherwise 一般农业区 would be shown as “乡村发展区” next to 林业发展区.
    """
    own = {one["value"]: one["label"] for one in STYLE_TABLE["layers"][name]["classes"] if one["value"]}
    with (STANDARDS_FOLDER / "common-2021/codelists/planning_zones.csv").open(
        encoding="utf-8-sig", newline=""
    ) as handle:
        zones = {row["code"]: row for row in csv.DictReader(handle)}
    split = {zones[code]["parent"] for code in own} - {""}
    assert [code for code, row in zones.items() if row["parent"] in split and code not in own] == []
    assert {code: label.split()[-1] for code, label in own.items()} == {code: zones[code]["name"] for code in own}


@pytest.mark.parametrize("name", [n for n, s in STYLE_TABLE["layers"].items() if "classes" in s or "land_use" in s])
def test_style_categories_use_fields_and_codes_of_the_layer_templates(qgis_app, name):
    """Compare fields and class values of styles with the template's code lists."""
    standard = load_standard()
    layer = make_empty_layer(name)
    styles.apply_role_style(layer, name)
    renderer = layer.renderer()
    known = {v for c in renderer.categories() for v in (c.value() if isinstance(c.value(), list) else [c.value()])}
    asked = [name, *STYLE_TABLE["layers"][name].get("also", ())]
    found = 0
    for template in (standard.templates[role] for role in asked if role in standard.templates):
        fields = {f.name: f for f in template.fields}
        field = fields.get(renderer.classAttribute())
        if field is None:
            assert "attribute(" in renderer.classAttribute(), template.role
            continue
        assert field.codes, template.role
        codes = standard.code_lists[field.codes].entry_by_code
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
def test_style_classifies_a_heritage_area_by_its_kind_and_without_a_kind_by_its_name(qgis_app, values, label):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=LX:string&field=MC:string", "x", "memory")
    styles.apply_role_style(layer, "LSWHBHX")
    feature = QgsFeature(layer.fields())
    for name, value in values.items():
        feature[name] = value
    context = layer.createExpressionContext()
    context.setFeature(feature)
    value = QgsExpression(layer.renderer().classAttribute()).evaluate(context)
    assert [c.label() for c in layer.renderer().categories() if c.value() == value] == [label]


def test_no_plan_layer_style_has_a_white_outline():
    for name in (*STYLE_TABLE["layers"], *DEFAULT_STYLES):
        text = (STYLES_FOLDER / f"{name}.qml").read_text(encoding="utf-8")
        assert 'name="line_color" type="QString" value="255,255,255' not in text.replace("  ", " ")


def test_each_severity_has_the_same_colour_in_styles_icons_panel_and_report():
    from plugin.gui.widgets import theme

    page = (REPORT_TEMPLATES_FOLDER / "report.html.j2").read_text(encoding="utf-8")
    for one in STYLE_TABLE["findings"]["classes"]:
        icon = (ICONS_FOLDER / f"{one['icon']}.svg").read_text(encoding="utf-8")
        assert one["color"] in icon and theme._THEME_COLORS[one["icon"]][0] == one["color"], one["value"]
        if one["value"].isupper():
            line = next(row for row in page.splitlines() if f'<symbol id="i-{one["value"]}"' in row)
            assert f'fill="{one["color"]}"' in line, one["value"]


def test_symbol_sheet_tool_writes_a_pdf_and_pictures_of_all_symbols(tmp_path):
    command = [sys.executable, ROOT / "tools" / "symbol_sheet.py", tmp_path / "图 示"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    pages = sorted(p.name for p in (tmp_path / "图 示").iterdir())
    assert done.returncode == 0 and pages[-1] == "symbols.pdf" and len(pages) >= 3, done.stdout + done.stderr


def test_applying_symbols_keeps_forms_aliases_and_properties_of_the_layer(project):
    boundary = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=GHFQDM:string", "我的边界", "memory")
    project.addMapLayer(boundary)
    boundary.renderer().symbol().setColor(QColor("#123456"))
    roles = {"CZKFBJ": boundary.id(), "STBHHX": "gone meanwhile"}
    boundary.setFieldAlias(0, "规划分区代码")
    boundary.setDefaultValueDefinition(0, QgsDefaultValue("'410'"))
    boundary.setCustomProperty("sanxian/form", "CZKFBJ")
    boundary.setEditorWidgetSetup(0, QgsEditorWidgetSetup("ValueMap", {"map": [{"甲": "1"}]}))
    assert styles.apply_styles_to_project(project, roles, "原样式") == ["我的边界"]
    # Forms are tested elsewhere.
    assert boundary.attributeAlias(0) == "规划分区代码" and boundary.defaultValueDefinition(0).expression() == "'410'"
    assert boundary.editorWidgetSetup(0).type() == "ValueMap" and boundary.customProperty("sanxian/form") == "CZKFBJ"
    assert boundary.renderer().type() == "mergedFeatureRenderer"
    manager = boundary.styleManager()
    assert "原样式" in manager.styles() and "#123456" not in boundary.renderer().dump()
    # A second run has the same symbols, so no second copy is stored.
    before = manager.styles()
    styles.apply_styles_to_project(project, roles, "原样式")
    assert manager.styles() == before
    assert manager.setCurrentStyle("原样式")
    assert boundary.renderer().symbol().color().name() == "#123456"
    styles.apply_styles_to_project(project, roles, "原样式")
    assert "原样式 2" in manager.styles()
