# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the expression functions that the plugin adds to QGIS.

They are results, contexts, registration and unloading.
"""

import subprocess
import sys

import numpy as np
import pyogrio
import pytest
import shapely
from qgis.core import (
    QgsApplication,
    QgsDefaultValue,
    QgsExpression,
    QgsExpressionContext,
    QgsFeature,
    QgsGeometry,
    QgsSettings,
    QgsTask,
    QgsVectorLayer,
    QgsVectorLayerUtils,
    edit,
)

from plugin.bridge.editing import feature_numbers
from plugin.bridge.editing.expression_values import SanxianExpressionFunction
from tests.county import measure
from tests.qgis.helpers import ROOT, X, Y, make_square, make_table
from tests.qgis.waiting import measure_time, wait_until

FUNCTION_NAMES = (
    "sanxian_statutory_area",
    "sanxian_next_bsm",
    "sanxian_code_name",
    "sanxian_in_layer",
    "sanxian_parent_code",
    "sanxian_zone_name",
)
COUNTY = "140225"
POLYGON_WITH_HOLE = shapely.Polygon(
    [(X, Y), (X + 3000, Y + 40), (X + 2800, Y + 2500), (X - 60, Y + 2000)],
    [[(X + 500, Y + 500), (X + 500, Y + 900), (X + 900, Y + 900)]],
)


def evaluate(text, layer=None):
    expression = QgsExpression(text)
    assert not expression.hasParserError(), expression.parserErrorString()
    value = expression.evaluate(layer.createExpressionContext() if layer else QgsExpressionContext())
    return expression.evalErrorString() or value


def make_layer(shapes=(), crs="EPSG:4526", bsm=()):
    layer = QgsVectorLayer(f"Polygon?crs={crs}&field=BSM:string(18)&field=MJ:double", "图层", "memory")
    rows = []
    for shape, number in zip(shapes, [*bsm, *[None] * len(shapes)], strict=False):
        row = QgsFeature(layer.fields())
        row.setGeometry(QgsGeometry.fromWkt(shape.wkt))
        row["BSM"] = number
        rows.append(row)
    layer.dataProvider().addFeatures(rows)
    return layer


def add_features(layer, bsm):
    row = QgsFeature(layer.fields())
    row.setGeometry(QgsGeometry.fromWkt(make_square(0, 0).wkt))
    row["BSM"] = bsm
    assert layer.addFeature(row)
    return row


@pytest.mark.parametrize("epsg", [4526, 4490, 4547, 4534 + 13])
def test_statutory_area_expression_agrees_with_an_independent_formula(functions, epsg):
    shape = POLYGON_WITH_HOLE
    if epsg != 4526:
        import pyproj

        to = pyproj.Transformer.from_crs(4526, epsg, always_xy=True)
        shape = shapely.transform(POLYGON_WITH_HOLE, lambda c: np.column_stack(to.transform(c[:, 0], c[:, 1])))
    (expected,) = measure.statutory_area([POLYGON_WITH_HOLE])
    wkt = f"geom_from_wkt('{shapely.to_wkt(shape, rounding_precision=-1)}')"
    assert evaluate(f"sanxian_statutory_area({wkt}, 'EPSG:{epsg}')") == pytest.approx(expected, abs=1e-3)
    layer = make_layer(crs=f"EPSG:{epsg}")
    assert evaluate(f"sanxian_statutory_area({wkt})", layer) == pytest.approx(expected, abs=1e-3)


def test_statutory_area_expression_measures_multipart_and_curved_polygons(functions):
    parts = shapely.MultiPolygon([make_square(0, 0), make_square(500, 0, 10, 10)])
    (expected,) = measure.statutory_area([parts])
    assert evaluate(f"sanxian_statutory_area(geom_from_wkt('{parts.wkt}'), 4526)") == pytest.approx(expected, abs=1e-3)
    arc = f"CURVEPOLYGON(CIRCULARSTRING({X} {Y}, {X + 100} {Y + 100}, {X + 200} {Y}, {X + 100} {Y - 100}, {X} {Y}))"
    assert evaluate(f"sanxian_statutory_area(geom_from_wkt('{arc}'), 4526)") == pytest.approx(np.pi * 1e4, rel=2e-3)
    assert evaluate(f"sanxian_statutory_area(make_point({X}, {Y}), 4526)") == 0
    assert evaluate("sanxian_statutory_area(NULL, 4526)") in (None, QgsExpression("NULL").evaluate())


@pytest.mark.parametrize(
    "text",
    [
        "sanxian_statutory_area(make_point(1, 1))",
        "sanxian_statutory_area(make_point(1, 1), 'EPSG:1')",
        "sanxian_statutory_area('a polygon', 4526)",
        "sanxian_next_bsm()",
        "sanxian_next_bsm('no such layer')",
        "sanxian_code_name('no such list', '01')",
    ],
)
def test_expression_functions_report_errors_as_complete_sentences(functions, text):
    expression = QgsExpression(text)
    expression.evaluate(QgsExpressionContext())
    assert expression.evalErrorString().endswith((".", "。"))


def test_code_expressions_return_names_and_parents_of_codes(functions):
    assert evaluate("sanxian_zone_name('410')") == "城镇集中建设区"
    assert evaluate("sanxian_zone_name(410)") == evaluate("sanxian_zone_name(410.0)") == "城镇集中建设区"
    assert evaluate("sanxian_code_name('land_use_2023', '0103')") == "旱地"
    assert evaluate("sanxian_code_name('land_use_2023', '010300')") == "旱地"
    assert evaluate("sanxian_code_name('land_use_2023', '010000')") == "耕地"
    assert evaluate("sanxian_code_name('sandiao', '0301')") == "乔木林地"
    assert evaluate("sanxian_parent_code('planning_zones', '411')") == "410"
    assert evaluate("sanxian_parent_code('planning_zones', '410')") == "400"
    for nothing in (
        "sanxian_zone_name('999')",
        "sanxian_zone_name(NULL)",
        "sanxian_parent_code('planning_zones', '400')",
    ):
        assert evaluate(f"{nothing} IS NULL") == 1


def test_next_number_expression_gives_a_new_number_at_each_call_during_editing(functions):
    layer = make_layer([make_square(0, 0)], bsm=[f"{COUNTY}000000000041"])
    assert evaluate("sanxian_next_bsm()", layer) == f"{COUNTY}000000000042"
    assert evaluate("sanxian_next_bsm()", layer) == f"{COUNTY}000000000042", "shown only"
    layer.startEditing()
    add_features(layer, f"{COUNTY}000000000050")
    given = [evaluate("sanxian_next_bsm(@layer)", layer) for _ in range(3)]
    assert given == [f"{COUNTY}0000000000{n}" for n in (51, 52, 53)]
    assert evaluate("sanxian_next_bsm(county:='140226')", layer) == "140226000000000001"
    layer.rollBack()
    layer.startEditing()
    assert evaluate("sanxian_next_bsm()", layer) == f"{COUNTY}000000000054", "given is given, saved or not"


def test_next_number_expression_accepts_a_layer_by_name_or_id(functions, project):
    layer = make_layer([make_square(0, 0)], bsm=[f"{COUNTY}000000000007"])
    project.addMapLayer(layer)
    for reference in ("图层", layer.id()):
        assert evaluate(f"sanxian_next_bsm('{reference}')") == f"{COUNTY}000000000008"


def write_geopackage(path, *numbers):
    shapes = [make_square(200 * n, 0) for n in range(len(numbers))]
    pyogrio.write_dataframe(make_table(shapes, BSM=list(numbers)), path, layer="CZKFBJ", driver="GPKG")


def test_number_of_a_deleted_feature_is_never_assigned_again(functions, project, tmp_path):
    """Delete the feature with the highest number, save, and reopen the project."""
    path = tmp_path / "县 库.gpkg"
    write_geopackage(path, f"{COUNTY}000000000001", f"{COUNTY}000000000009")
    layer = QgsVectorLayer(f"{path}|layername=CZKFBJ", "CZKFBJ", "ogr")
    project.addMapLayer(layer)
    with edit(layer):
        assert layer.deleteFeature(max(layer.allFeatureIds()))
    assert layer.featureCount() == 1
    project.clear()
    again = QgsVectorLayer(f"{path}|layername=CZKFBJ", "CZKFBJ", "ogr")
    project.addMapLayer(again)
    assert evaluate("sanxian_next_bsm()", again) == f"{COUNTY}000000000010"
    # An overwritten number stays used too; a filter hides features, not numbers.
    with edit(again):
        (fid,) = again.allFeatureIds()
        again.changeAttributeValue(fid, again.fields().lookupField("BSM"), f"{COUNTY}000000000020")
    with edit(again):
        again.changeAttributeValue(fid, again.fields().lookupField("BSM"), f"{COUNTY}000000000002")
    again.setSubsetString("BSM = 'none'")
    assert evaluate("sanxian_next_bsm(@layer, '140225')", again) == f"{COUNTY}000000000021"


@pytest.mark.parametrize("end", ["commitChanges", "rollBack"])
def test_number_assigned_in_an_unsaved_project_is_not_assigned_again_after_reopening(functions, project, tmp_path, end):
    """Request a number, end editing, and reopen the layer.

    The number has no feature, and the project is not saved.
    """
    path = tmp_path / "a.gpkg"
    write_geopackage(path, f"{COUNTY}000000000001")
    for expected in (2, 3):
        layer = QgsVectorLayer(f"{path}|layername=CZKFBJ", "CZKFBJ", "ogr")
        project.addMapLayer(layer)
        layer.startEditing()
        assert evaluate("sanxian_next_bsm()", layer) == f"{COUNTY}{expected:012d}"
        getattr(layer, end)()
        project.clear()


def test_numbering_a_thousand_pasted_features_takes_under_five_seconds(functions):
    layer = make_layer([make_square(0, 0)], bsm=[f"{COUNTY}000000000001"])
    layer.setDefaultValueDefinition(0, QgsDefaultValue("sanxian_next_bsm()"))
    layer.startEditing()
    rows = [QgsVectorLayerUtils.QgsFeatureData(QgsGeometry.fromWkt(make_square(n, 0).wkt), {}) for n in range(1000)]

    def paste():
        assert layer.addFeatures(QgsVectorLayerUtils.createFeatures(layer, rows, layer.createExpressionContext()))

    assert measure_time(paste) < 5
    assert len({f["BSM"] for f in layer.getFeatures()}) == 1001
    layer.rollBack()


def test_next_number_exceeds_the_numbers_of_features_hidden_by_a_layer_filter(functions, project, tmp_path):
    path = tmp_path / "a.gpkg"
    write_geopackage(path, f"{COUNTY}000000000001", f"{COUNTY}000000000009")
    layer = QgsVectorLayer(f"{path}|layername=CZKFBJ", "CZKFBJ", "ogr")
    layer.setSubsetString(f"BSM = '{COUNTY}000000000001'")
    assert evaluate("sanxian_next_bsm()", layer) == f"{COUNTY}000000000010"


def write_numbered_tables(path, **layers):
    """Write a GeoPackage with tables of numbered features: table → numbers."""
    for name, numbers in layers.items():
        shapes = [make_square(200 * n, 0) for n in range(len(numbers))]
        data = make_table(shapes, BSM=list(numbers)).astype({"BSM": object})
        pyogrio.write_dataframe(data, path, layer=name, driver="GPKG", geometry_type="Polygon")


def open_layer(project, path, name):
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    assert layer.isValid()
    project.addMapLayer(layer)
    return layer


def format_numbers(*running):
    return [f"{COUNTY}{n:012d}" for n in running]


NEXT_NUMBER_EXPRESSION = f"sanxian_next_bsm(@layer, '{COUNTY}')"


@pytest.mark.parametrize("saved", [True, False])
def test_next_number_gives_different_numbers_to_two_layers_of_one_database(functions, project, tmp_path, saved):
    write_numbered_tables(tmp_path / "a.gpkg", YJJBNT=[], CZKFBJ=[])
    given = []
    for name in ("YJJBNT", "CZKFBJ", "YJJBNT"):
        found = project.mapLayersByName(name)
        layer = found[0] if found else open_layer(project, tmp_path / "a.gpkg", name)
        layer.startEditing()
        given += [evaluate(NEXT_NUMBER_EXPRESSION, layer), evaluate(NEXT_NUMBER_EXPRESSION, layer)]
        for number in given[-2:]:
            add_features(layer, number)
        if saved:
            assert layer.commitChanges()
    assert given == format_numbers(1, 2, 3, 4, 5, 6)
    for layer in project.mapLayers().values():
        layer.rollBack()


def test_next_number_exceeds_the_numbers_of_unsaved_features_of_other_layers(functions, project):
    first, second = make_layer(), make_layer()
    project.addMapLayers([first, second])
    first.startEditing()
    add_features(first, *format_numbers(30))
    assert evaluate(NEXT_NUMBER_EXPRESSION, second) == format_numbers(31)[0], "shown only"
    first.changeAttributeValue(first.allFeatureIds()[0], 0, format_numbers(40)[0])
    second.startEditing()
    assert [
        evaluate(NEXT_NUMBER_EXPRESSION, second),
        evaluate(NEXT_NUMBER_EXPRESSION, first),
        evaluate(NEXT_NUMBER_EXPRESSION, second),
    ] == format_numbers(41, 42, 43)
    first.rollBack()
    second.rollBack()


def test_next_number_exceeds_the_numbers_in_database_tables_that_are_not_in_the_project(functions, project, tmp_path):
    write_numbered_tables(tmp_path / "a.gpkg", YJJBNT=format_numbers(70), CZKFBJ=format_numbers(3))
    shown = open_layer(project, tmp_path / "a.gpkg", "CZKFBJ")
    assert evaluate(NEXT_NUMBER_EXPRESSION, shown) == format_numbers(71)[0]


def test_number_deleted_in_one_table_is_not_assigned_in_another_after_reopening(functions, project, tmp_path):
    """Delete a number in a layer that is then removed from the project."""
    path = tmp_path / "a.gpkg"
    write_numbered_tables(path, YJJBNT=format_numbers(8, 9), CZKFBJ=format_numbers(3))
    layer = open_layer(project, path, "YJJBNT")
    with edit(layer):
        assert layer.deleteFeature(max(layer.allFeatureIds()))
    project.clear()
    assert evaluate(NEXT_NUMBER_EXPRESSION, open_layer(project, path, "CZKFBJ")) == format_numbers(10)[0]


def test_next_number_exceeds_the_numbers_of_layers_removed_from_the_project(functions, project, tmp_path):
    path = tmp_path / "a.gpkg"
    write_numbered_tables(path, YJJBNT=format_numbers(8), CZKFBJ=format_numbers(3))
    second, first = open_layer(project, path, "CZKFBJ"), open_layer(project, path, "YJJBNT")
    assert evaluate(NEXT_NUMBER_EXPRESSION, second) == format_numbers(9)[0]
    with edit(first):
        add_features(first, *format_numbers(20))
    project.removeMapLayer(first.id())
    assert evaluate(NEXT_NUMBER_EXPRESSION, second) == format_numbers(21)[0]


def test_next_number_in_a_shapefile_exceeds_the_numbers_of_all_shapefiles_in_its_folder(functions, project, tmp_path):
    for name, number in (("YJJBNT", 8), ("CZKFBJ", 3)):
        pyogrio.write_dataframe(make_table([make_square(0, 0)], BSM=format_numbers(number)), tmp_path / f"{name}.shp")
    layer = QgsVectorLayer(str(tmp_path / "CZKFBJ.shp"), "CZKFBJ", "ogr")
    project.addMapLayer(layer)
    assert evaluate(NEXT_NUMBER_EXPRESSION, layer) == format_numbers(9)[0]


def test_next_number_reads_each_layer_only_once(functions, project, monkeypatch):
    first, second = make_layer([make_square(0, 0)], bsm=format_numbers(5)), make_layer()
    project.addMapLayers([first, second])
    reads = []
    values = feature_numbers._iterate_field_values
    monkeypatch.setattr(feature_numbers, "_iterate_field_values", lambda *given: reads.append(given) or values(*given))
    second.startEditing()
    assert [evaluate(NEXT_NUMBER_EXPRESSION, second) for _ in range(3)] == format_numbers(6, 7, 8)
    assert len(reads) == 2, "each layer once"
    second.rollBack()


def test_field_calculator_gives_each_feature_a_different_number(functions):
    """Evaluate as the field calculator does.

    The expression is prepared once and evaluated for each feature.
    """
    layer = make_layer([make_square(200 * n, 0) for n in range(5)], bsm=[f"{COUNTY}000000000003"])
    context = layer.createExpressionContext()
    expression = QgsExpression('CASE WHEN "BSM" IS NULL THEN sanxian_next_bsm(@layer, \'140225\') ELSE "BSM" END')
    assert expression.prepare(context)
    with edit(layer):
        for feature in layer.getFeatures():
            context.setFeature(feature)
            layer.changeAttributeValue(feature.id(), 0, expression.evaluate(context))
    assert [f["BSM"] for f in layer.getFeatures()] == [f"{COUNTY}{n:012d}" for n in range(3, 8)]


def test_statutory_area_expression_gives_the_area_in_a_qt_thread(functions, qgis_app):
    """Evaluate the expression in a Qt thread, as QGIS does for labels."""
    wkt = f"geom_from_wkt('{POLYGON_WITH_HOLE.wkt}')"
    results = []
    for _ in range(3):
        count = len(results)
        task = QgsTask.fromFunction(
            "label", lambda task: results.append(evaluate(f"sanxian_statutory_area({wkt}, 'EPSG:4526')"))
        )
        QgsApplication.taskManager().addTask(task)
        assert wait_until(lambda count=count: len(results) > count)
    (expected,) = measure.statutory_area([POLYGON_WITH_HOLE])
    assert results == pytest.approx([expected] * 3, abs=1e-3)


LOAD_TWICE_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from qgis.core import QgsApplication, QgsExpression
application = QgsApplication([], False)
application.initQgis()
before = {f.name() for f in QgsExpression.Functions()}
import plugin.bridge.editing.expressions
assert not {"geopandas", "pandas", "pyproj"} & set(sys.modules)
from plugin.main import SanxianPlugin
for _ in range(2):
    plugin = SanxianPlugin(None)
    plugin.initProcessing()
    come = [f for f in QgsExpression.Functions() if f.name() not in before]
    print(*sorted(f.name() for f in come))
    assert all(f.name() in f.helpText() and "<code>" in f.helpText() for f in come)
    assert {f.group() for f in come} == {"三区三线"}, {f.group() for f in come}
    plugin.unload()
    assert {f.name() for f in QgsExpression.Functions()} == before
"""


def test_expression_functions_are_registered_on_load_and_removed_on_unload(qgis_app):
    """Load, unload and load the plugin again; each function has help and a group."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD_TWICE_SCRIPT, str(ROOT)], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [" ".join(sorted(FUNCTION_NAMES))] * 2


def test_unloading_disconnects_the_number_register_from_all_layers(project):
    layer = make_layer([make_square(0, 0)], bsm=[f"{COUNTY}000000000001"])
    signals = (layer.featureAdded, layer.beforeCommitChanges, layer.dataChanged, layer.willBeDeleted)
    registers = feature_numbers.FeatureNumberRegisters()
    project.addMapLayer(layer)
    before = [layer.receivers(signal) for signal in signals]
    registers.start(project)
    assert registers.issue_next_bsm(layer) == f"{COUNTY}000000000002"
    assert [layer.receivers(signal) for signal in signals] == [n + 1 for n in before]
    registers.stop(project)
    assert [layer.receivers(signal) for signal in signals] == before


@pytest.mark.exhaustive
def test_statutory_area_expression_gives_the_area_in_qgis_process(qgis_process, tmp_path):
    path, out = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    write_geopackage(path, f"{COUNTY}000000000001")
    done = qgis_process(
        "run",
        "native:fieldcalculator",
        f"--INPUT={path}|layername=CZKFBJ",
        "--FIELD_NAME=MJ",
        "--FIELD_TYPE=0",
        "--FORMULA=round(sanxian_statutory_area(@geometry), 2)",
        f"--OUTPUT={out}",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (expected,) = measure.statutory_area([make_square(0, 0)])
    assert pyogrio.read_dataframe(out)["MJ"].tolist() == pytest.approx([expected], abs=0.005)


def load_two_empty_tables(path):
    """Write a GeoPackage with two empty tables and return their layers."""
    for name in ("YJJBNTBHTB", "CZKFBJ"):
        empty = make_table([make_square(0, 0)], BSM=[None]).iloc[:0]
        pyogrio.write_dataframe(empty, path, layer=name, driver="GPKG", geometry_type="Polygon")
    return [QgsVectorLayer(f"{path}|layername={name}", name, "ogr") for name in ("YJJBNTBHTB", "CZKFBJ")]


NEXT_NUMBER_EXPRESSION = f"sanxian_next_bsm(@layer, '{COUNTY}')"


@pytest.mark.parametrize("how", ["other project", "layer removed"])
def test_number_deleted_in_one_layer_is_not_assigned_to_other_layers_of_the_project(functions, project, tmp_path, how):
    farmland, boundary = load_two_empty_tables(tmp_path / "a.gpkg")
    project.addMapLayers([farmland, boundary])
    evaluate(NEXT_NUMBER_EXPRESSION, boundary)
    with edit(farmland):
        add_features(farmland, f"{COUNTY}000000000007")
    with edit(farmland):
        assert farmland.deleteFeatures(farmland.allFeatureIds())
    assert evaluate(NEXT_NUMBER_EXPRESSION, boundary) == f"{COUNTY}000000000008"
    if how == "layer removed":
        project.removeMapLayer(farmland.id())
    else:
        project.clear()
        boundary = QgsVectorLayer(f"{tmp_path / 'a.gpkg'}|layername=CZKFBJ", "CZKFBJ", "ogr")
        project.addMapLayer(boundary)
    assert evaluate(NEXT_NUMBER_EXPRESSION, boundary) == f"{COUNTY}000000000008"


def test_number_deleted_in_a_removed_layer_is_not_assigned_again_because_the_project_stores_it(
    functions, project, tmp_path
):
    """Delete a numbered feature, remove its layer, and clear the user settings.

    The used number must be read from the project file.
    """
    farmland, boundary = load_two_empty_tables(tmp_path / "a.gpkg")
    project.addMapLayers([farmland, boundary])
    with edit(farmland):
        add_features(farmland, f"{COUNTY}000000000007")
    with edit(farmland):
        assert farmland.deleteFeatures(farmland.allFeatureIds())
    project.removeMapLayer(farmland.id())
    assert project.write(str(tmp_path / "a.qgz"))
    QgsSettings().remove("sanxian/bsm")
    assert project.read(str(tmp_path / "a.qgz"))
    (boundary,) = project.mapLayers().values()
    assert evaluate(NEXT_NUMBER_EXPRESSION, boundary) == f"{COUNTY}000000000008"


def test_next_number_exceeds_numbers_saved_in_another_layer_while_this_one_is_edited(functions, project, tmp_path):
    farmland, boundary = load_two_empty_tables(tmp_path / "a.gpkg")
    project.addMapLayers([farmland, boundary])
    assert boundary.startEditing()
    assert evaluate(NEXT_NUMBER_EXPRESSION, boundary) == f"{COUNTY}000000000001"
    with edit(farmland):
        add_features(farmland, f"{COUNTY}000000000050")
    assert evaluate(NEXT_NUMBER_EXPRESSION, boundary) == f"{COUNTY}000000000051"
    boundary.rollBack()


def test_exception_in_an_expression_function_becomes_an_expression_error(monkeypatch):
    """Raise an error in a function; uncaught, it would end QGIS with unsaved edits."""

    def fails(*_):
        raise TypeError("planted")

    function = SanxianExpressionFunction("sanxian_planted", (), "help", (), fails)
    assert QgsExpression.registerFunction(function)
    try:
        assert "planted" in evaluate("sanxian_planted()")
    finally:
        QgsExpression.unregisterFunction("sanxian_planted")
