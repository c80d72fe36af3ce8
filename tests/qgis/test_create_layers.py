# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm create_layers, which creates an empty plan database."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProviderRegistry,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)
from qgis.PyQt import sip

from plugin.core.standard import load_standard
from plugin.paths import STANDARDS_FOLDER
from tests.qgis.helpers import Log, digest_files, run_algorithm

SQUARE = "MULTIPOLYGON (((38600000 4380000, 38600100 4380000, 38600100 4380100, 38600000 4380000)))"
pytestmark = pytest.mark.usefixtures("provider", "project")


def run_create_layers(path, feedback=None, **more):
    given = {"GROUPS": "three_lines", "COUNTY": "浑源县", "CRS": "EPSG:4526", "OUTPUT": str(path), **more}
    return run_algorithm("create_layers", given, feedback)


def list_tables(path):
    return {one.name() for one in QgsProviderRegistry.instance().providerMetadata("ogr").querySublayers(str(path))}


def get_refusal(path, **more):
    with pytest.raises(QgsProcessingException) as caught:
        run_create_layers(path, **more)
    return str(caught.value)


def test_help_of_create_layers_lists_the_groups():
    registry = QgsApplication.processingRegistry()
    assert "heritage（历史文化保护线）" in registry.algorithmById("sanxian:create_layers").shortHelpString()


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
@pytest.mark.parametrize("groups", ["three_lines", "规划分区、历史文化保护线", "zones, centre", "all"])
def test_create_layers_makes_exactly_the_layers_of_the_chosen_groups(tmp_path, suffix, groups):
    path = tmp_path / f"浑源 库{suffix}"
    feedback = Log()
    result = run_create_layers(path, feedback, GROUPS=groups)
    wanted = {
        t.role for t in load_standard().list_templates_of_groups(groups.replace("、", ",").replace(" ", "").split(","))
    }
    assert list_tables(path) == wanted
    assert result["OUTPUT"] == str(path) and result["LAYERS"] == len(wanted) and result["COUNTY_CODE"] == "140225"
    assert any("EPSG:4526" in line for line in feedback.lines)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_create_layers_logs_unverified_fields_and_code_lists_of_the_standard(tmp_path):
    feedback = Log()
    run_create_layers(tmp_path / "库.gpkg", feedback, GROUPS="heritage")
    (line,) = [line for line in feedback.lines if "代码表" in line]
    assert "未核实" in line and "历史文化保护类型代码表" in line and "历史文化保护级别代码表" in line
    assert any("字段表未核实" in line for line in feedback.lines)


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_created_layers_have_fields_code_domains_and_crs_when_read_by_qgis(tmp_path, suffix):
    path = tmp_path / f"库{suffix}"
    run_create_layers(path, GROUPS="zones")
    layer = QgsVectorLayer(f"{path}|layername=YDYHGHFQ", "zones", "ogr")
    assert layer.isValid() and layer.crs().authid() == "EPSG:4526"
    field = layer.fields().field("GHFQDM")
    assert field.length() == 3
    assert layer.editorWidgetSetup(layer.fields().indexOf("GHFQDM")).type() == "ValueMap"
    # QGIS takes aliases from a FileGDB; from a GeoPackage with GDAL 3.7 and later only.
    assert suffix == ".gpkg" or field.alias() == "规划分区代码"


def test_create_layers_refuses_extends_or_replaces_an_existing_database_as_its_parameter_chooses(tmp_path):
    path = tmp_path / "库.gpkg"
    run_create_layers(path, GROUPS="zones")
    before = digest_files(path)
    assert "已存在" in get_refusal(path) and digest_files(path) == before
    result = run_create_layers(path, GROUPS="zones,three_lines", EXISTING="add")
    assert result["LAYERS"] == 7 and len(list_tables(path)) == 8
    run_create_layers(path, GROUPS="zones", EXISTING="replace")
    assert list_tables(path) == {"YDYHGHFQ"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"GROUPS": "四线"}, "three_lines（三区三线）"),
        ({"GROUPS": ""}, "GROUPS"),
        ({"COUNTY": "浑原县"}, "140225 浑源县"),
        ({"COUNTY": "140100"}, "140105 小店区"),
        ({"CRS": "EPSG:3857"}, "EPSG:3857"),
        ({"CRS": "EPSG:4326"}, "EPSG:4490"),
        ({"CRS": None, "COUNTY": "祁县"}, "EPSG:4526（114°E）"),
        ({"CRS": "EPSG:4513"}, "山西省"),
        ({"CRS": "没有这样的坐标系"}, "没有这样的坐标系"),
        ({"STANDARD": "nirgends"}, "county_db"),
    ],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else "",
)
def test_create_layers_reports_invalid_input_and_writes_nothing(tmp_path, given, expected):
    error = get_refusal(tmp_path / "库.gpkg", **given)
    assert expected in error, error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("file", "slip", "expected"),
    [
        ("templates/YDYHGHFQ.toml", ("[[field]]", "[[field]"), ["YDYHGHFQ.toml", "行"]),
        ("templates/YDYHGHFQ.toml", ('"planning_zones"', '"zonen"'), ["YDYHGHFQ", "GHFQDM", "zonen"]),
        ("codelists/land_use_2023.csv", ("0102,水浇地", "0101,水浇地"), ["land_use_2023.csv", "第 4 行", "水田"]),
    ],
)
def test_create_layers_reports_an_error_in_the_standard_and_writes_nothing(tmp_path, file, slip, expected):
    folder = tmp_path / "标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    path = folder / file
    # A list that all editions share may be replaced.
    original = path if path.exists() else STANDARDS_FOLDER / "common-2021" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(original.read_text(encoding="utf-8").replace(*slip, 1), encoding="utf-8")
    error = get_refusal(tmp_path / "库.gpkg", STANDARD=str(folder), GROUPS="zones")
    assert all(word in error for word in expected), error
    assert [p.name for p in tmp_path.iterdir()] == ["标准"]


def test_create_layers_refuses_formats_other_than_geopackage_and_filegdb(tmp_path):
    assert ".gpkg .gdb" in get_refusal(tmp_path / "库.shp") and not list(tmp_path.iterdir())


def test_create_layers_warns_about_a_crs_zone_outside_the_county(tmp_path):
    feedback = Log()
    run_create_layers(tmp_path / "库.gpkg", feedback, CRS="EPSG:4525")
    assert any("浑源县" in line and "EPSG:4526" in line for line in feedback.lines)
    feedback = Log()
    run_create_layers(tmp_path / "库2.gpkg", feedback, CRS="EPSG:4490")
    assert not any("中央经线" in line for line in feedback.lines)


def test_create_layers_without_a_crs_uses_the_crs_zone_of_the_county(tmp_path):
    run_create_layers(tmp_path / "库.gpkg", GROUPS="zones", CRS=None)
    layer = QgsVectorLayer(f"{tmp_path / '库.gpkg'}|layername=YDYHGHFQ", "zones", "ogr")
    assert layer.crs().authid() == "EPSG:4526"


def test_create_layers_refuses_a_locked_filegdb_and_leaves_it_unchanged(tmp_path):
    path = tmp_path / "库.gdb"
    run_create_layers(path, GROUPS="zones")
    (path / "a00000009.PC.12.34.wr.lock").touch()
    before = digest_files(path)
    assert "wr.lock" in get_refusal(path, EXISTING="add") and digest_files(path) == before


def test_create_layers_refuses_a_database_with_unsaved_edits(tmp_path):
    path = tmp_path / "库.gpkg"
    run_create_layers(path, GROUPS="zones")
    layer = QgsVectorLayer(f"{path}|layername=YDYHGHFQ", "zones", "ogr")
    assert layer.startEditing()
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(SQUARE))
    feature["BSM"] = "140225000000000001"
    assert layer.addFeature(feature)
    for existing in ("add", "replace"):
        assert "打开" in get_refusal(path, EXISTING=existing)
    assert layer.commitChanges() and layer.featureCount() == 1
    del layer
    run_create_layers(path, EXISTING="add")
    again = QgsVectorLayer(f"{path}|layername=YDYHGHFQ", "zones", "ogr")
    assert [f["BSM"] for f in again.getFeatures()] == ["140225000000000001"] and len(list_tables(path)) == 8


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_structure_rules_find_no_problem_in_a_created_database(tmp_path, project, suffix):
    """Check field lengths and geometry types of a database by the structure rules.

    They must also pass where the file format maps types to others.
    """
    path = tmp_path / f"库{suffix}"
    run_create_layers(path, GROUPS="three_lines,zones")
    for name in ("YDYHGHFQ", "CZKFBJ"):
        layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(SQUARE))
        feature["BSM"] = "140225000000000001"
        assert layer.dataProvider().addFeature(feature), layer.dataProvider().lastError()
        # Aliases of forms belong to the project; the rule reads the database.
        layer.setFieldAlias(0, "另一个名字")
        project.addMapLayer(layer)
    rules = "SCH002,SCH003,SCH004,SCH005,SCH006,SCH007,SCH008"
    report = tmp_path / "r.json"
    feedback = Log()
    result = run_algorithm("check_plan", {"RULES": rules, "OUTPUT_JSON": str(report)}, feedback)
    assert (result["ERRORS"], result["WARNINGS"], result["SKIPPED"]) == (0, 0, 0), feedback.lines
    error = json.loads(report.read_text(encoding="utf-8"))
    assert not error["findings"] and {r["outcome"] for r in error["rules"]} == {"passed"}


def test_check_of_a_memory_layer_skips_the_rules_on_field_aliases_and_value_domains(project):
    """Check a scratch layer, which has no aliases and domains.

    The rules on them must be skipped, not passed.
    """
    layer = QgsVectorLayer(
        "MultiPolygon?crs=EPSG:4526&field=BSM:string(18)&field=GHFQDM:string(3)", "YDYHGHFQ", "memory"
    )
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(SQUARE))
    assert layer.dataProvider().addFeature(feature)
    project.addMapLayer(layer)
    feedback = Log()
    result = run_algorithm("check_plan", {"RULES": "SCH004,SCH006,SCH007"}, feedback)
    assert (result["ERRORS"], result["SKIPPED"]) == (0, 2), feedback.lines
    assert any("不存储字段别名" in line for line in feedback.lines) and any(
        "不存储值域" in line for line in feedback.lines
    )


def test_repeated_check_finds_a_field_alias_changed_in_the_database_since_the_first_check(tmp_path, project):
    """Change a field's alias in the file and check again.

    The declarations are cached until the file is written.
    """
    path = tmp_path / "库.gpkg"
    run_create_layers(path, GROUPS="zones")
    layer = QgsVectorLayer(f"{path}|layername=YDYHGHFQ", "YDYHGHFQ", "ogr")
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(SQUARE))
    assert layer.dataProvider().addFeature(feature)
    project.addMapLayer(layer)
    report = tmp_path / "r.json"

    def found():
        run_algorithm("check_plan", {"RULES": "SCH006", "OUTPUT_JSON": str(report)})
        return [f["field"] for f in json.loads(report.read_text(encoding="utf-8"))["findings"]]

    assert found() == []
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_data_columns SET title = '编号' WHERE column_name = 'BSM'")
    assert found() == ["BSM"]


@pytest.mark.exhaustive
def test_create_layers_runs_from_the_command_line_and_refuses_an_existing_database(qgis_process, tmp_path):
    path = tmp_path / "新 库.gdb"
    given = ["GROUPS=zones,heritage", "COUNTY=140225", "CRS=EPSG:4526", f"OUTPUT={path}"]
    done = qgis_process("run", "sanxian:create_layers", "--", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LAYERS:\t25" in done.stdout and len(list_tables(path)) == 25
    again = qgis_process("run", "sanxian:create_layers", "--", *given)
    assert again.returncode == 1 and "已存在" in again.stdout + again.stderr
    added = qgis_process("run", "sanxian:create_layers", "--", *given, "EXISTING=add")
    assert added.returncode == 0 and "LAYERS:\t0" in added.stdout


@pytest.fixture
def run_and_load_layers(tmp_path, project, provider):
    """Return a function that runs create_layers and loads its outputs.

    It works like the Processing dialog.
    """
    from processing import runAndLoadResults

    def run_it(**more):
        given = {
            "GROUPS": "three_lines,zones",
            "COUNTY": "140225",
            "CRS": "EPSG:4526",
            "OUTPUT": str(tmp_path / "库.gpkg"),
        }
        runAndLoadResults("sanxian:create_layers", {**given, **more}, feedback=Log())
        return {layer.customProperty("sanxian/template"): layer for layer in project.mapLayers().values()}

    return run_it


def test_layers_loaded_by_create_layers_have_symbols_forms_and_groups(run_and_load_layers, project):
    layers = run_and_load_layers()
    assert set(layers) == {"XZQX", "XZQXZ", "GDBHMB", "YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB", "YDYHGHFQ"}
    root = project.layerTreeRoot()
    assert [g.name() for g in root.children()] == ["三条控制线", "规划分区", "基础数据"]
    assert [n.name() for n in root.children()[0].children()] == [
        "城镇开发边界",
        "生态保护红线",
        "永久基本农田保护图斑",
        "耕地保护目标",
    ]
    boundary = layers["CZKFBJ"]
    assert boundary.editFormConfig().layout() == Qgis.AttributeFormLayout.DragAndDrop
    assert boundary.renderer().type() != "singleSymbol" or boundary.renderer().symbol().symbolLayerCount() > 1
    boundary.startEditing()
    shape = QgsGeometry.fromWkt(SQUARE)
    drawn = QgsVectorLayerUtils.createFeature(boundary, shape, {}, boundary.createExpressionContext())
    assert (drawn["BSM"], drawn["XZQMC"]) == ("140225000000000001", "浑源县")
    boundary.rollBack()


def test_county_of_another_province_given_by_code_and_name_becomes_the_default_of_created_layers(run_and_load_layers):
    boundary = run_and_load_layers(COUNTY="610724 西乡县", CRS="EPSG:4545")["CZKFBJ"]
    assert boundary.customProperty("sanxian/county_name") == "西乡县"
    assert boundary.defaultValueDefinition(boundary.fields().lookupField("XZQMC")).expression() == "'西乡县'"


def test_create_layers_loads_layers_only_if_requested(run_and_load_layers):
    assert run_and_load_layers(LOAD=False) == {}


def test_create_layers_dialog_has_searchable_lists_of_groups_and_counties(qgis_app):
    import processing
    from processing.gui.AlgorithmDialog import AlgorithmDialog
    from qgis.gui import QgsGui

    if not QgsGui.editorWidgetRegistry().factories():
        QgsGui.editorWidgetRegistry().initEditors()
    dialog = AlgorithmDialog(QgsApplication.processingRegistry().createAlgorithmById("sanxian:create_layers"))
    wrappers = dialog.mainWidget().wrappers
    assert processing is not None and wrappers["GROUPS"].parameterValue() == "three_lines"
    wrappers["GROUPS"].setParameterValue("zones,centre", QgsProcessingContext())
    assert wrappers["GROUPS"].parameterValue() == "zones,centre"
    box = wrappers["COUNTY"].widget
    box.setEditText("浑源")
    assert box.completer().filterMode() and wrappers["COUNTY"].parameterValue() == "浑源"
    box.set_text("140225")
    assert wrappers["COUNTY"].parameterValue() == "140225" and "大同市" in box.currentText()
    existing = wrappers["EXISTING"]
    assert existing.parameterValue() == "stop" and existing.widget.count() == 3
    for value in ("add", "replace"):
        existing.setParameterValue(value, QgsProcessingContext())
        assert existing.parameterValue() == value and existing.widget.currentText() != value
    # Delete the dialog at once: its panel follows the project, which later tests fill.
    sip.delete(dialog)


@pytest.mark.parametrize(
    ("algorithm", "name", "values"),
    [("layers_from_structure", "EXISTING", ("stop", "add", "replace")), ("statutory_area", "MODE", ("write", "check"))],
)
def test_processing_dialog_shows_a_readable_label_for_each_value_of_a_choice(
    qgis_app, provider, project, algorithm, name, values
):
    from processing.gui.AlgorithmDialog import AlgorithmDialog
    from qgis.gui import QgsGui

    if not QgsGui.editorWidgetRegistry().factories():
        QgsGui.editorWidgetRegistry().initEditors()
    dialog = AlgorithmDialog(QgsApplication.processingRegistry().createAlgorithmById(f"sanxian:{algorithm}"))
    wrapper = dialog.mainWidget().wrappers[name]
    assert wrapper.parameterValue() == values[0]
    for value in values:
        wrapper.setParameterValue(value, QgsProcessingContext())
        assert wrapper.parameterValue() == value and wrapper.widget.currentText() not in ("", value)
    # A long text must not make the dialog scroll sideways.
    assert wrapper.widget.minimumSizeHint().width() < wrapper.widget.fontMetrics().horizontalAdvance("0") * 24
    # Delete the dialog at once: its panel follows the project, which later tests fill.
    sip.delete(dialog)


def test_create_layers_given_several_groups_creates_the_layers_of_all(tmp_path):
    # As `qgis_process … GROUPS=three_lines GROUPS=zones` passes them on.
    run_create_layers(tmp_path / "a.gpkg", GROUPS=["three_lines", "zones"])
    wanted = {t.role for t in load_standard().list_templates_of_groups(["three_lines", "zones"])}
    assert list_tables(tmp_path / "a.gpkg") == wanted


def test_create_layers_refuses_two_counties(tmp_path):
    algorithm = QgsApplication.processingRegistry().algorithmById("sanxian:create_layers")
    given = {"GROUPS": "three_lines", "COUNTY": ["浑源县", "祁县"], "OUTPUT": str(tmp_path / "a.gpkg")}
    good, message = algorithm.checkParameterValues(given, QgsProcessingContext())
    assert not good and "COUNTY" in message and "浑源县, 祁县" in message


@pytest.mark.parametrize("name", ["SOURCE", "PROFILE", "SCOPE", "OUTPUT_JSON"])
def test_check_plan_refuses_two_values_for_a_single_parameter(name):
    algorithm = QgsApplication.processingRegistry().algorithmById("sanxian:check_plan")
    good, message = algorithm.checkParameterValues({name: ["a", "b"]}, QgsProcessingContext())
    assert not good and name in message
