# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the field mapping dialog: preview, choices of the user, and stopping."""

import gc
import shutil
import threading
import time
import weakref
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj
import pytest
from qgis.core import QgsApplication, QgsFeature, QgsGeometry, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QLineEdit, QMessageBox, QPushButton

from plugin.bridge.editing import attribute_forms
from plugin.bridge.layers.properties import get_assigned_role, set_assigned_role
from plugin.bridge.layers.role_recognition import FINDINGS_PROPERTY
from plugin.bridge.mapping import run as mapping_work
from plugin.bridge.project import county
from plugin.bridge.running.tasks import JobRunner
from plugin.core.base.errors import Cancelled
from plugin.core.exchange.mapping.preview import UndecidedCode
from plugin.core.standard import load_standard
from plugin.gui.mapping import table as mapping_table
from plugin.gui.mapping.dialog import MappingDialog
from plugin.paths import RESOURCES_FOLDER
from tests.core.land_survey import SURVEY_ROWS, write_survey
from tests.qgis.helpers import digest_files
from tests.qgis.waiting import PATIENCE_SECONDS, process_events, wait_until

pytestmark = pytest.mark.usefixtures("chinese")


@pytest.fixture
def survey_file(tmp_path):
    return write_survey(tmp_path / "三调 数据")


@pytest.fixture
def mapping_dialog(provider, project, qgis_app, survey_file):
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    layer = QgsVectorLayer(str(survey_file), "三调 图斑", "ogr")
    project.addMapLayer(layer)
    runner = JobRunner()
    made = MappingDialog(project, runner, layer)
    choose_template(made, "XZYDYH")
    yield made
    runner.stop_all()
    if not sip.isdeleted(made):
        sip.delete(made)


def wait_until_ready(mapping_dialog):
    assert wait_until(lambda: mapping_dialog._job is None and mapping_dialog._run is None), (
        mapping_dialog.summary.text()
    )


def choose_template(mapping_dialog, role):
    mapping_dialog.template.setCurrentIndex(mapping_dialog.template.findData(role))
    mapping_dialog.template.activated.emit(mapping_dialog.template.currentIndex())
    wait_until_ready(mapping_dialog)


def read_cell(mapping_dialog, target, column):
    return mapping_dialog.table.item(mapping_dialog.table._find_row(target), column).text()


def select_data(mapping_dialog, name, data):
    box = mapping_dialog.findChild(QComboBox, name)
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())
    return box


def test_column_width_set_by_the_user_is_kept_when_the_mapping_dialog_is_resized(mapping_dialog):
    table = mapping_dialog.table
    letter = table.fontMetrics().horizontalAdvance("0")
    mapping_dialog.resize(letter * 200, 500)
    mapping_dialog.show()
    process_events(0.1)
    width = letter * 30
    table.setColumnWidth(mapping_table.MORE_COLUMN, width)
    for letters in (202, 204, 206):
        mapping_dialog.resize(letter * letters, 500)
        process_events(0.1)
        assert table.columnWidth(mapping_table.MORE_COLUMN) == width, letters


@pytest.mark.parametrize("letters", [95, 150])
def test_column_of_examples_is_as_wide_as_its_heading_on_a_narrow_screen(mapping_dialog, letters):
    table = mapping_dialog.table
    letter = table.fontMetrics().horizontalAdvance("0")
    mapping_dialog.resize(letter * letters, 500)
    mapping_dialog.show()
    process_events(0.1)
    header = table.horizontalHeader()
    assert header.sectionSize(mapping_table.SAMPLES_COLUMN) >= header.sectionSizeHint(mapping_table.SAMPLES_COLUMN)
    assert table.horizontalScrollBar().maximum() == 0
    assert table.columnWidth(mapping_table.SOURCE_COLUMN) >= 12 * letter
    if letters == 150:
        assert table.columnWidth(mapping_table.MORE_COLUMN) == 24 * letter


def test_field_mapping_dialog_proposes_sources_and_shows_sample_values(mapping_dialog):
    source = mapping_dialog.findChild(QComboBox, "source.YDYHFLDM")
    assert source.currentData() == "DLBM" and source.toolTip() == "同含义"
    assert mapping_dialog.findChild(QComboBox, "codes.YDYHFLDM").currentText() == "由三调地类代码表换算"
    samples = read_cell(mapping_dialog, "YDYHFLDM", mapping_table.SAMPLES_COLUMN)
    assert "0103 → 010300" in samples and "0204：可对应多个，待定，留空" in samples
    assert (
        read_cell(mapping_dialog, "YDYHFLDM", mapping_table.FILLED_COLUMN),
        read_cell(mapping_dialog, "YDYHFLDM", mapping_table.LOST_COLUMN),
    ) == (
        "5",
        "4",
    )
    assert "0103 → 旱地" in read_cell(mapping_dialog, "YDYHFLMC", mapping_table.SAMPLES_COLUMN)
    assert read_cell(mapping_dialog, "YDYHFLMC", mapping_table.MORE_COLUMN) == "名称取自代码表" and not read_cell(
        mapping_dialog, "BZ", mapping_table.MORE_COLUMN
    )
    assert read_cell(mapping_dialog, "XZQMC", mapping_table.SAMPLES_COLUMN) == "浑源县"
    assert "10 行" in mapping_dialog.summary.text() and "数据来源说" in mapping_dialog.summary.text()


def test_table_of_undecided_codes_shows_two_rows_in_a_small_dialog(mapping_dialog):
    codes = mapping_dialog._norm.standard.code_lists.get("land_use_2023")
    rows = [UndecidedCode(code, "有林地", 12, ("0301", "0302"), "") for code in ("0301", "0302", "0303")]
    mapping_dialog.choices.show_codes("地类编码", rows, codes)
    mapping_dialog.resize(mapping_dialog.width(), mapping_dialog.minimumSizeHint().height())
    mapping_dialog.show()
    process_events(0.1)
    table = mapping_dialog.choices.table
    assert table.viewport().height() >= table.rowHeight(0) + table.rowHeight(1)


def test_values_without_a_code_are_listed_first_and_stay_where_the_user_chooses(mapping_dialog):
    codes, table = mapping_dialog._norm.standard.code_lists.get("land_use_2023"), mapping_dialog.choices.table

    def show_choices(**choices):
        rows = [UndecidedCode(name, name, 1, (), choices.get(name, "")) for name in ("旱地", "林地", "水田")]
        mapping_dialog.choices.show_codes("地类编码", rows, codes)
        return [table.item(row, 0).text() for row in range(table.rowCount())]

    assert show_choices(旱地="0103", 林地="03") == ["水田", "旱地", "林地"]
    assert show_choices(旱地="0103", 林地="03", 水田="0101") == ["水田", "旱地", "林地"]
    assert show_choices(林地="03", 水田="0101") == ["水田", "旱地", "林地"]
    mapping_dialog.choices.show_codes("", [], None)
    assert show_choices(水田="0101") == ["水田", "旱地", "林地"]


def test_enter_in_a_field_of_the_mapping_dialog_presses_no_button(mapping_dialog):
    pressed = []
    for button in mapping_dialog.findChildren(QPushButton):
        button.clicked.disconnect()
        button.clicked.connect(lambda _on=False, button=button: pressed.append(button.text()))
    mapping_dialog.show()
    process_events(0.05)
    for field in (mapping_dialog.template, mapping_dialog.output.lineEdit()):
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert pressed == [] and mapping_dialog.isVisible()
    mapping_dialog.again.setFocus()
    QTest.keyClick(mapping_dialog.again, Qt.Key.Key_Return)
    assert pressed == ["重新推荐"]


def test_field_mapping_dialog_does_not_offer_the_layer_of_findings(provider, project, mapping_dialog):
    findings = QgsVectorLayer("Polygon?crs=EPSG:4526", "findings", "memory")
    findings.setCustomProperty(FINDINGS_PROPERTY, 1)
    project.addMapLayer(findings)
    made = MappingDialog(project, JobRunner(), findings)
    names = [made.source.layer(n).name() for n in range(made.source.count())]
    made.reject()
    sip.delete(made)
    assert names == ["三调 图斑"]


def test_field_mapping_dialog_marks_template_fields_from_unverified_sources(qgis_app, mapping_dialog):
    choose_template(mapping_dialog, "LSWHBHX")
    template = mapping_dialog._target_template
    for target in template.fields:
        assert ("来源级别 C，未核实" in read_cell(mapping_dialog, target.name, mapping_table.REQUIRED_COLUMN)) == (
            target.mark == "C"
        ), target.name
    assert any(f.mark == "C" for f in template.fields)


def test_field_mapping_dialog_proposes_county_code_and_name_as_constants(qgis_app, mapping_dialog):
    assert mapping_dialog._prepared_mapping.mapping.constant_by_target == {"XZQDM": "140225", "XZQMC": "浑源县"}
    assert mapping_dialog.findChild(QLineEdit, "constant.XZQMC").text() == "浑源县"
    choose_template(mapping_dialog, "LSWHBHX")
    assert (
        mapping_dialog._prepared_mapping.mapping.constant_by_target["YSDM"]
        == mapping_dialog._target_template.feature_code
        != ""
    )
    choose_template(mapping_dialog, "XZQXZ")
    assert not mapping_dialog._prepared_mapping.mapping.constant_by_target, "a township has its own"


def test_field_mapping_dialog_accepts_a_source_field_a_constant_or_nothing(mapping_dialog):
    select_data(mapping_dialog, "source.XZQMC", mapping_table.CONSTANT_SOURCE)
    edit = mapping_dialog.findChild(QLineEdit, "constant.XZQMC")
    edit.setText("某县")
    edit.editingFinished.emit()
    assert mapping_dialog._prepared_mapping.mapping.constant_by_target["XZQMC"] == "某县"
    assert read_cell(mapping_dialog, "XZQMC", mapping_table.FILLED_COLUMN) == "10"
    select_data(mapping_dialog, "source.XZQMC", "DLMC")
    assert mapping_dialog._prepared_mapping.mapping.source_by_target["XZQMC"] == "DLMC"
    assert mapping_dialog._prepared_mapping.mapping.constant_by_target == {"XZQDM": "140225"}
    assert mapping_dialog.table.cellWidget(mapping_dialog.table._find_row("XZQMC"), mapping_table.MORE_COLUMN) is None
    select_data(mapping_dialog, "source.XZQMC", mapping_table.NO_SOURCE)
    assert (
        "XZQMC" not in mapping_dialog._prepared_mapping.mapping.source_by_target
        and read_cell(mapping_dialog, "XZQMC", mapping_table.FILLED_COLUMN) == "0"
    )


def test_source_that_the_user_chooses_gets_its_names_matched_with_codes(mapping_dialog):
    choose_template(mapping_dialog, "DLTB")
    select_data(mapping_dialog, "source.DLBM", mapping_table.NO_SOURCE)
    select_data(mapping_dialog, "source.DLBM", "DLMC")
    chosen = mapping_dialog._prepared_mapping.mapping.translation_by_target["DLBM"].chosen_code_by_source
    names = {entry.name: code for code, entry in load_standard().code_lists["sandiao"].entry_by_code.items()}
    assert len(chosen) > 3 and all(names[name] == code for name, code in chosen.items())
    assert mapping_dialog.findChild(QComboBox, "codes.DLBM").currentText() == "按下面的指定"
    # The user may decide against it.
    select_data(mapping_dialog, "codes.DLBM", None)
    assert "DLBM" not in mapping_dialog._prepared_mapping.mapping.translation_by_target


def test_template_and_code_that_are_typed_are_taken_after_the_focus_has_moved(mapping_dialog, monkeypatch):
    """A choice replaces the boxes of the table: within the change of focus, this would crash QGIS."""
    dialog, running = mapping_dialog, []
    prepare = dialog._prepare_mapping
    monkeypatch.setattr(dialog, "_prepare_mapping", lambda: (running.append(is_moving[-1]), prepare()))
    is_moving = [False]

    def leave(line):
        is_moving.append(True)
        line.editingFinished.emit()
        is_moving.append(False)
        process_events(0.1)
        wait_until_ready(dialog)
        # The boxes of the former table are deleted only by a later turn of the event loop.
        process_events(0.1)

    line = dialog.template.lineEdit()
    line.setText("dltb")
    leave(line)
    assert dialog.get_role() == "DLTB" and running == [False]
    box = dialog.findChild(QComboBox, "source.BSM")
    leave(line)
    assert running == [False] and not sip.isdeleted(box), "without another choice, nothing is read again"


def test_escape_asks_before_it_discards_decisions_that_are_not_saved(mapping_dialog, monkeypatch, tmp_path):
    questions = []

    def answer(_parent, _title, text, *_buttons):
        questions.append(text)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", answer)
    mapping_dialog.show()
    select_data(mapping_dialog, "source.XZQMC", "DLMC")
    QTest.keyClick(mapping_dialog, Qt.Key.Key_Escape)
    assert questions == ["关闭“字段映射”并放弃已填写的内容？"] and mapping_dialog.isVisible()
    assert mapping_dialog.save_mapping(str(tmp_path / "a.mapping.toml"))
    QTest.keyClick(mapping_dialog, Qt.Key.Key_Escape)
    assert len(questions) == 1 and not mapping_dialog.isVisible()


def test_field_mapping_dialog_reports_copied_codes_outside_the_code_list(mapping_dialog):
    select_data(mapping_dialog, "codes.YDYHFLDM", None)
    assert "YDYHFLDM" not in mapping_dialog._prepared_mapping.mapping.translation_by_target
    assert (
        "0201K：不在代码表中，保留原值"
        in mapping_dialog.table.item(mapping_dialog.table._find_row("YDYHFLDM"), mapping_table.SAMPLES_COLUMN).toolTip()
    )
    assert "个值保留原值，需核对。" in mapping_dialog.summary.text()


def test_field_mapping_run_applies_the_codes_chosen_by_the_user(qgis_app, mapping_dialog, survey_file, tmp_path):
    before = digest_files(survey_file.parent)
    assert mapping_dialog.table.get_current_target() == "YDYHFLDM", "the first field that needs codes is selected"
    assert mapping_dialog.choices.isVisibleTo(mapping_dialog) and mapping_dialog.choices.table.rowCount() == 4
    box = select_data(mapping_dialog, "choice.0204", "")
    for typed in ("020", f"{box.itemText(0)}0205"):
        box.lineEdit().setText(typed)
        box.lineEdit().editingFinished.emit()
        process_events(0.1)
        box = mapping_dialog.findChild(QComboBox, "choice.0204")
        assert box.currentData() == ("" if typed == "020" else "0205"), "a whole code, wherever it was typed"
    assert [box.itemData(n) for n in range(3)] == ["", "0205", "0204"], "what the list suggests comes first"
    assert read_cell(mapping_dialog, "YDYHFLDM", mapping_table.LOST_COLUMN) == "3"
    target = tmp_path / "出 库.gpkg"
    mapping_dialog.output.setFilePath(str(target))
    mapping_dialog.start_run()
    wait_until_ready(mapping_dialog)
    made = gpd.read_file(target)
    assert made["YDYHFLDM"].tolist()[5] == "020500" and made["YDYHFLMC"].tolist()[5] == "其他园地"
    assert made["YDYHFLDM"].isna().sum() == 1 + 3 and len(made) == len(SURVEY_ROWS)
    lost = pd.read_excel(tmp_path / "出 库.未转换.xlsx", dtype=str).dropna(subset=["源要素编号"])
    assert set(lost["值"]) == {"0701", "01", "9999"}
    assert "3 个值需要核对" in mapping_dialog.summary.text() and "出 库.mapping.toml" in mapping_dialog.summary.text()
    assert digest_files(survey_file.parent) == before
    (layer,) = [v for v in QgsProject.instance().mapLayers().values() if get_assigned_role(v) == "XZYDYH"]
    assert layer.featureCount() == len(SURVEY_ROWS) and layer.renderer().type() == "categorizedSymbol"
    assert attribute_forms.get_role_of_form(layer) == "XZYDYH"
    # The stored mapping gives the same result again.
    mapping_dialog._prepare_mapping()
    wait_until_ready(mapping_dialog)
    assert read_cell(mapping_dialog, "YDYHFLDM", mapping_table.LOST_COLUMN) == "4"
    mapping_dialog.open_mapping(str(tmp_path / "出 库.mapping.toml"))
    wait_until_ready(mapping_dialog)
    assert read_cell(mapping_dialog, "YDYHFLDM", mapping_table.LOST_COLUMN) == "3"


def test_field_mapping_without_output_file_creates_a_memory_layer(qgis_app, mapping_dialog):
    mapping_dialog.start_run()
    wait_until_ready(mapping_dialog)
    (layer,) = [v for v in QgsProject.instance().mapLayers().values() if get_assigned_role(v) == "XZYDYH"]
    assert layer.providerType() == "memory" and layer.featureCount() == len(SURVEY_ROWS)


def test_mapped_rows_are_appended_to_the_layer_of_the_project_as_one_step_with_new_keys(
    mapping_dialog, project, survey_file
):
    fields = "&field=BSM:string(18)&field=YDYHFLDM:string(10)&field=YDYHFLMC:string(60)&field=TBMJ:double(15,2)"
    target = QgsVectorLayer(f"MultiPolygon?crs=EPSG:4526{fields}", "现状", "memory")
    kept = QgsFeature(target.fields())
    kept.setAttributes(["140225000000000007", "0101"])
    target.dataProvider().addFeature(kept)
    set_assigned_role(target, "XZYDYH")
    attribute_forms.apply_template_form(target, mapping_dialog._target_template, mapping_dialog._norm)
    project.addMapLayer(target)
    county.store_county_code_and_name(project, "140225", "浑源县")
    mapping_dialog._offer_appending()
    assert mapping_dialog.append.isChecked() and not mapping_dialog.output.isEnabled()
    mapping_dialog._on_field_mapping_changed("BSM", "", None, None, "")
    remedy = "要在追加时按图形量算面积的，请将这些字段的来源改选“（不填）”：TBMJ"
    assert remedy in mapping_dialog.summary.text()
    select_data(mapping_dialog, "source.TBMJ", mapping_table.NO_SOURCE)
    assert remedy not in mapping_dialog.summary.text()
    mapping_dialog._on_field_mapping_changed("YDYHFLMC", "DLMC", None, None, "")
    computed = "由代码得出，不用源字段的值"
    assert read_cell(mapping_dialog, "YDYHFLMC", mapping_table.SAMPLES_COLUMN) == computed
    assert "按表单由图形或代码得出，未用源字段的值：DLMC → YDYHFLMC" in mapping_dialog.summary.text()
    assert read_cell(mapping_dialog, "TBMJ", mapping_table.MORE_COLUMN) == "追加时量算"
    assert "没有来源" not in mapping_dialog.summary.text()
    mapping_dialog.append.setChecked(False)
    assert read_cell(mapping_dialog, "YDYHFLMC", mapping_table.SAMPLES_COLUMN) != computed
    assert "必填但没有来源：BSM" in mapping_dialog.summary.text()
    mapping_dialog.append.setChecked(True)
    layers, appended = set(project.mapLayers()), []
    mapping_dialog.appended.connect(appended.append)
    mapping_dialog.start.click()
    wait_until_ready(mapping_dialog)
    assert set(project.mapLayers()) == layers, "no new layer"
    assert not list(Path.cwd().glob("XZYDYH*")), "a layer in memory has no folder"
    keys = [feature["BSM"] for feature in target.getFeatures()]
    assert len(keys) == len(set(keys)) == 1 + len(SURVEY_ROWS) and keys.count("140225000000000007") == 1
    assert all(str(key).startswith("140225") for key in keys)
    shapes = [feature.geometry() for feature in target.getFeatures() if feature["BSM"] != kept["BSM"]]
    assert all(QgsRectangle(38_400_000, 4_300_000, 38_700_000, 4_500_000).contains(one.boundingBox()) for one in shapes)
    text = mapping_dialog.summary.text()
    assert target.isEditable() and target.undoStack().count() == 1 and "撤销" in text
    assert appended == [target] and not mapping_dialog.start.isEnabled(), "the rows are not appended twice"
    assert "按表单由图形或代码得出，未用源字段的值：" in text and "→ YDYHFLMC" in text and "没有写入" in text
    assert f"TBMJ 为空的 {len(SURVEY_ROWS)} 行已写入图斑椭球面积" in text
    names = {str(feature["YDYHFLMC"]) for feature in target.getFeatures() if feature["BSM"] != kept["BSM"]}
    assert not [name for name in names if name[:1].isdigit()], "only areas are measured"
    areas = [feature["TBMJ"] for feature in target.getFeatures() if feature["BSM"] != kept["BSM"]]
    ellipsoid = pyproj.Geod(ellps="GRS80")
    degrees = gpd.read_file(survey_file).to_crs(4490).geometry
    assert areas == pytest.approx([abs(ellipsoid.geometry_area_perimeter(one)[0]) for one in degrees], rel=1e-5)
    target.undoStack().undo()
    assert target.featureCount() == 1
    target.rollBack()


def test_field_mapping_dialog_maps_a_file_that_is_not_in_the_project(qgis_app, mapping_dialog, project, tmp_path):
    other = write_survey(tmp_path / "另", "别处")
    mapping_dialog.use_layer_of_file(str(other))
    assert not mapping_dialog.get_role() and not mapping_dialog.start.isEnabled(), "its name is like no layer"
    choose_template(mapping_dialog, "XZYDYH")
    assert len(project.mapLayers()) == 1 and "10 行" in mapping_dialog.summary.text()
    mapping_dialog.start_run()
    wait_until_ready(mapping_dialog)
    assert "10 行已写入" in mapping_dialog.summary.text()
    (tmp_path / "坏.shp").write_text("x")
    mapping_dialog.use_layer_of_file(str(tmp_path / "坏.shp"))
    assert "坏.shp" in mapping_dialog.summary.text()


def add_foreign_layer(project, name, fields, row):
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:4526&field={fields}", name, "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes(row)
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(38_500_000, 4_400_000, 38_500_100, 4_400_100)))
    layer.dataProvider().addFeature(feature)
    return project.addMapLayer(layer)


def test_layer_of_another_office_gets_its_template_by_name_and_its_areas_are_converted(mapping_dialog, project):
    layer = add_foreign_layer(project, "基本农田2025", "分区:string&field=面积亩:double", ["集中", 4.5])
    mapping_dialog.source.setLayer(layer)
    wait_until_ready(mapping_dialog)
    assert mapping_dialog.get_role() == "YJJBNTBHTB"
    assert mapping_dialog.findChild(QComboBox, "source.YJJBNTTBMJ").currentData() == "面积亩", "the area of the shape"
    select_data(mapping_dialog, "source.YJJBNTTBMJ", mapping_table.NO_SOURCE)
    select_data(mapping_dialog, "source.YJJBNTMJ", "面积亩")
    assert "面积换算为平方米：面积亩 → YJJBNTMJ" in mapping_dialog.summary.text()
    assert read_cell(mapping_dialog, "YJJBNTMJ", mapping_table.SAMPLES_COLUMN) == "4.5 → 3000"
    assert "面积将与图形不符的行（ATT003、ATT013）：面积亩 → YJJBNTMJ 1" in mapping_dialog.summary.text()
    select_data(mapping_dialog, "codes.YJJBNTMJ", "")
    assert "未换算：面积亩 → YJJBNTMJ" in mapping_dialog.summary.text()
    assert read_cell(mapping_dialog, "YJJBNTMJ", mapping_table.SAMPLES_COLUMN) == "4.5"
    choose_template(mapping_dialog, "CZKFBJ")
    select_data(mapping_dialog, "source.GHFQDM", "分区")
    codes = mapping_dialog.findChild(QComboBox, "choice.集中")
    offered = {codes.itemData(n) for n in range(codes.count())} - {"", None}
    assert {code[:2] for code in offered} == {"41", "42", "43"}, "what the check accepts in this layer"
    choose_template(mapping_dialog, "STBHHX")
    select_data(mapping_dialog, "source.LHLX", "分区")
    assert read_cell(mapping_dialog, "LHLX", mapping_table.LOST_COLUMN) == "1"
    assert "不在字段所列取值内的行（ATT002）：" in mapping_dialog.summary.text()


@pytest.mark.parametrize(
    ("fields", "row"),
    [("红线名称:string&field=面积ha:double", ["水源涵养红线", 4.2]), ("红线名称:string", ["水源涵养红线"])],
)
def test_source_values_that_the_form_computes_are_announced_and_listed(mapping_dialog, project, tmp_path, fields, row):
    shutil.copy(RESOURCES_FOLDER / "sample" / "county.gpkg", tmp_path / "县.gpkg")
    target = QgsVectorLayer(f"{tmp_path / '县.gpkg'}|layername=STBHHX", "本县", "ogr")
    set_assigned_role(target, "STBHHX")
    templates = mapping_dialog._norm.standard.templates
    attribute_forms.apply_template_form(target, templates["STBHHX"], mapping_dialog._norm)
    project.addMapLayer(target)
    mapping_dialog.source.setLayer(add_foreign_layer(project, "生态保护红线", fields, row))
    wait_until_ready(mapping_dialog)
    example, before = read_cell(mapping_dialog, "MJ", mapping_table.SAMPLES_COLUMN), mapping_dialog.summary.text()
    mapping_dialog.start.click()
    wait_until_ready(mapping_dialog)
    after, tables = mapping_dialog.summary.text(), list(tmp_path.glob("STBHHX.未转换.xlsx"))
    target.rollBack()
    is_computed = len(row) == 2
    announced = [text in one for one in (before, after) for text in ("未用源字段的值：面积ha → MJ", "面积换算")]
    assert announced == [is_computed, False] * 2 and (example == "由图形得出，不用源字段的值") == is_computed
    assert bool(tables) == ("STBHHX.未转换.xlsx" in after) == is_computed, "no empty table"
    listed = pd.read_excel(tables[0], dtype=str).iloc[-1] if tables else None
    assert listed is None or [*listed[["模板字段", "值", "行数", "源要素（前 20 个）"]]] == ["MJ", "4.2", "1", "1"]


def test_mapping_kept_with_the_layer_is_named_and_offered(mapping_dialog, project, tmp_path, monkeypatch):
    shutil.copy(RESOURCES_FOLDER / "sample" / "county.gpkg", tmp_path / "县.gpkg")
    target = QgsVectorLayer(f"{tmp_path / '县.gpkg'}|layername=DLTB", "现状", "ogr")
    set_assigned_role(target, "XZYDYH")
    project.addMapLayer(target)
    mapping_dialog._show_summary()
    assert "mapping.toml" not in mapping_dialog.summary.text()
    (tmp_path / "XZYDYH.mapping.toml").write_text("")
    mapping_dialog._show_summary()
    assert "以前的映射保存在 XZYDYH.mapping.toml" in mapping_dialog.summary.text()
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *arguments: asked.append(arguments[2]) or ("", ""))
    mapping_dialog.load.click()
    assert asked == [str(tmp_path / "XZYDYH.mapping.toml")]


def test_cancelled_field_mapping_writes_no_file(qgis_app, mapping_dialog, tmp_path):
    before = sorted(p.name for p in tmp_path.iterdir())
    mapping_dialog.output.setFilePath(str(tmp_path / "半.gpkg"))
    mapping_dialog.start_run()
    mapping_dialog._cancel()
    wait_until_ready(mapping_dialog)
    assert "已取消" in mapping_dialog.summary.text() and sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('role = "DLTB"\n[fields]\n', ["DLTB", "XZYDYH"]),
        ('role = "XZYDYH"\n[fields]\nBZ = "没有这列"\n', ["没有这列", "BZ"]),
    ],
)
def test_field_mapping_dialog_shows_why_a_mapping_file_is_invalid(qgis_app, mapping_dialog, tmp_path, text, words):
    (tmp_path / "坏.toml").write_text(text, encoding="utf-8")
    former = mapping_dialog._prepared_mapping.mapping
    mapping_dialog.open_mapping(str(tmp_path / "坏.toml"))
    wait_until_ready(mapping_dialog)
    assert all(word in mapping_dialog.summary.text() for word in words), mapping_dialog.summary.text()
    assert mapping_dialog._prepared_mapping.mapping == former


def test_field_mapping_dialog_shows_an_error_of_the_run(qgis_app, mapping_dialog, survey_file):
    mapping_dialog.output.setFilePath(str(survey_file))
    mapping_dialog.start_run()
    wait_until_ready(mapping_dialog)
    assert survey_file.name in mapping_dialog.summary.text() and "已写入" not in mapping_dialog.summary.text()


def test_field_mapping_dialog_refuses_polygons_for_a_line_template(qgis_app, mapping_dialog):
    choose_template(mapping_dialog, "ZDJTJCSSX")
    mapping_dialog.start_run()
    wait_until_ready(mapping_dialog)
    assert "ZDJTJCSSX" in mapping_dialog.summary.text() and "已写入" not in mapping_dialog.summary.text()


class HeldMappingRun:
    """A field mapping run that waits while reading until the test releases it."""

    def __init__(self, monkeypatch):
        from plugin.algorithms import map_fields

        self.begun, self.free = threading.Event(), threading.Event()
        real = map_fields.read_source_rows

        def reading(*given):
            self.begun.set()
            assert self.free.wait(PATIENCE_SECONDS)
            return real(*given)

        monkeypatch.setattr(map_fields, "read_source_rows", reading)


def test_closing_the_mapping_dialog_during_a_run_leaves_no_message_and_no_output(mapping_dialog, monkeypatch, tmp_path):
    """Close the dialog during a run.

    The task of QGIS still uses the run's objects for a while.
    """
    held, runner, target = HeldMappingRun(monkeypatch), mapping_dialog._runner, tmp_path / "成果.gpkg"
    mapping_dialog.output.setFilePath(str(target))
    mapping_dialog.start_run()
    assert wait_until(held.begun.is_set)
    run = weakref.ref(mapping_dialog._run)
    mapping_dialog.reject()
    mapping_dialog._run = None
    gc.collect()
    assert run() is not None, "the task uses what it holds"
    held.free.set()
    assert wait_until(lambda: not runner._running_jobs)
    assert wait_until(lambda: not QgsApplication.taskManager().activeTasks())
    assert not target.exists() and not list(tmp_path.glob("*.toml"))


def test_unloading_waits_for_a_running_field_mapping_and_leaves_no_output(mapping_dialog, monkeypatch, tmp_path):
    held, runner = HeldMappingRun(monkeypatch), mapping_dialog._runner
    mapping_dialog.output.setFilePath(str(tmp_path / "成果.gpkg"))
    mapping_dialog.start_run()
    assert wait_until(held.begun.is_set)
    run = mapping_dialog._run
    threading.Timer(0.2, held.free.set).start()
    mapping_dialog.reject()
    runner.stop_all()
    assert run.wait(0)
    assert not list(tmp_path.glob("成果*"))


def test_waiting_for_a_field_mapping_run_stops_at_the_time_limit(mapping_dialog, monkeypatch, tmp_path):
    held = HeldMappingRun(monkeypatch)
    mapping_dialog.output.setFilePath(str(tmp_path / "成果.gpkg"))
    mapping_dialog.start_run()
    assert wait_until(held.begun.is_set)
    run = mapping_dialog._run
    # Only this ends the run; waiting for its end then succeeds.
    hand = threading.Timer(5, held.free.set)
    hand.start()
    over, freed = run.wait(0.05), held.free.is_set()
    hand.cancel()
    held.free.set()
    assert not over and not freed
    wait_until_ready(mapping_dialog)
    assert run.wait(0)


def test_mapping_dialog_reports_a_preview_cancelled_in_the_task_manager(mapping_dialog, monkeypatch):
    reading = threading.Event()

    def prepare(*_given):
        reading.set()
        until = mapping_dialog._job.isCanceled
        while not until():
            time.sleep(0.005)
        raise Cancelled

    monkeypatch.setattr(mapping_work, "prepare_mapping", prepare)
    mapping_dialog.template.setCurrentIndex(mapping_dialog.template.findData("DLTB"))
    mapping_dialog.template.activated.emit(mapping_dialog.template.currentIndex())
    assert wait_until(reading.is_set)
    mapping_dialog._job.cancel()
    assert wait_until(lambda: mapping_dialog._job is None)
    assert (
        mapping_dialog.summary.text() == "已取消读取。点击“重新推荐”重新读取。" and not mapping_dialog.start.isEnabled()
    )
    monkeypatch.undo()
    mapping_dialog.again.click()
    assert mapping_dialog._job is not None
    wait_until_ready(mapping_dialog)
    assert mapping_dialog.start.isEnabled()


def test_mapping_run_cancelled_in_the_task_manager_is_shown_as_cancelled_not_failed(
    mapping_dialog, monkeypatch, tmp_path
):
    held = HeldMappingRun(monkeypatch)
    mapping_dialog.output.setFilePath(str(tmp_path / "成果.gpkg"))
    mapping_dialog.start_run()
    assert wait_until(held.begun.is_set)
    mapping_dialog._run._task.cancel()
    held.free.set()
    wait_until_ready(mapping_dialog)
    assert mapping_dialog.summary.text() == "已取消，未写出任何文件。"
