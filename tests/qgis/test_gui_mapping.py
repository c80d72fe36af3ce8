# SPDX-License-Identifier: GPL-2.0-or-later
"""The mapping dialog: preview equals result, choices are stored, runs can stop."""

import gc
import threading
import time
import weakref

import geopandas as gpd
import pandas as pd
import pytest
from qgis.core import QgsApplication, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QComboBox, QLineEdit

from plugin.bridge.editing import attribute_forms
from plugin.bridge.layers.properties import template_id
from plugin.bridge.mapping import run as mapping_work
from plugin.bridge.project import county
from plugin.bridge.running.tasks import Runner
from plugin.core.errors import Cancelled
from plugin.gui.mapping import table as mapping_table
from plugin.gui.mapping.dialog import MappingDialog
from tests.core.survey import ROWS, write_survey
from tests.qgis.helpers import digest_files
from tests.qgis.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.usefixtures("chinese")


@pytest.fixture
def survey(tmp_path):
    return write_survey(tmp_path / "三调 数据")


@pytest.fixture
def dialog(provider, project, qgis_app, survey):
    county.keep(project, county.County(profile="hunyuan"))
    layer = QgsVectorLayer(str(survey), "三调 图斑", "ogr")
    project.addMapLayer(layer)
    runner = Runner()
    made = MappingDialog(project, runner, layer)
    choose(made, "XZYDYH")
    yield made
    runner.stop_all()
    if not sip.isdeleted(made):
        sip.delete(made)


def wait_until_ready(dialog):
    assert wait_until(lambda: dialog._job is None and dialog._run is None), dialog.summary.text()


def choose(dialog, role):
    dialog.template.setCurrentIndex(dialog.template.findData(role))
    dialog.template.activated.emit(dialog.template.currentIndex())
    wait_until_ready(dialog)


def read_cell(dialog, target, column):
    return dialog.table.item(dialog.table._row(target), column).text()


def select_data(dialog, name, data):
    box = dialog.findChild(QComboBox, name)
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())
    return box


def test_the_dialog_proposes_a_mapping_and_shows_a_preview(dialog):
    source = dialog.findChild(QComboBox, "source.YDYHFLDM")
    assert source.currentData() == "DLBM" and source.toolTip() == "同含义"
    assert dialog.findChild(QComboBox, "codes.YDYHFLDM").currentText() == "由三调地类代码表换算"
    samples = read_cell(dialog, "YDYHFLDM", mapping_table.SAMPLES)
    assert "0103 → 010300" in samples and "0204：可对应多个，待定" in samples
    assert (read_cell(dialog, "YDYHFLDM", mapping_table.FILLED), read_cell(dialog, "YDYHFLDM", mapping_table.LOST)) == (
        "5",
        "4",
    )
    assert "0103 → 旱地" in read_cell(dialog, "YDYHFLMC", mapping_table.SAMPLES)
    assert read_cell(dialog, "YDYHFLMC", mapping_table.MORE) == "名称取自代码表" and not read_cell(
        dialog, "BZ", mapping_table.MORE
    )
    assert read_cell(dialog, "XZQMC", mapping_table.SAMPLES) == "浑源县"
    assert "10 行" in dialog.summary.text() and "数据来源说" in dialog.summary.text()


def test_unverified_fields_are_marked(qgis_app, dialog):
    choose(dialog, "LSWHBHX")
    template = dialog._target
    for target in template.fields:
        assert ("来源级别 C，未核实" in read_cell(dialog, target.name, mapping_table.REQUIRED)) == (
            target.mark == "C"
        ), target.name
    assert any(f.mark == "C" for f in template.fields)


def test_what_every_row_of_the_county_has_is_proposed(qgis_app, dialog):
    assert dialog._prepared.mapping.constants == {"XZQDM": "140225", "XZQMC": "浑源县"}
    assert dialog.findChild(QLineEdit, "constant.XZQMC").text() == "浑源县"
    choose(dialog, "LSWHBHX")
    assert dialog._prepared.mapping.constants["YSDM"] == dialog._target.feature_code != ""
    choose(dialog, "XZQXZ")
    assert not dialog._prepared.mapping.constants, "a township has its own"


def test_another_source_a_constant_and_nothing(dialog):
    select_data(dialog, "source.XZQMC", mapping_table.CONSTANT)
    edit = dialog.findChild(QLineEdit, "constant.XZQMC")
    edit.setText("某县")
    edit.editingFinished.emit()
    assert dialog._prepared.mapping.constants["XZQMC"] == "某县"
    assert read_cell(dialog, "XZQMC", mapping_table.FILLED) == "10"
    select_data(dialog, "source.XZQMC", "DLMC")
    assert dialog._prepared.mapping.fields["XZQMC"] == "DLMC"
    assert dialog._prepared.mapping.constants == {"XZQDM": "140225"}
    assert dialog.table.cellWidget(dialog.table._row("XZQMC"), mapping_table.MORE) is None
    select_data(dialog, "source.XZQMC", mapping_table.NOTHING)
    assert "XZQMC" not in dialog._prepared.mapping.fields and read_cell(dialog, "XZQMC", mapping_table.FILLED) == "0"


def test_unchanged_codes_outside_the_list_are_reported(dialog):
    select_data(dialog, "codes.YDYHFLDM", None)
    assert "YDYHFLDM" not in dialog._prepared.mapping.codes
    assert "0201K：不在代码表中" in dialog.table.item(dialog.table._row("YDYHFLDM"), mapping_table.SAMPLES).toolTip()


def test_choices_of_the_user_are_applied_by_the_run(qgis_app, dialog, survey, tmp_path):
    before = digest_files(survey.parent)
    dialog.table.selectRow(dialog.table._row("YDYHFLDM"))
    assert dialog.choices.isVisibleTo(dialog) and dialog.choices.table.rowCount() == 4
    box = select_data(dialog, "choice.0204", "0205")
    assert [box.itemData(n) for n in range(3)] == ["", "0205", "0204"], "what the list suggests comes first"
    assert read_cell(dialog, "YDYHFLDM", mapping_table.LOST) == "3"
    target = tmp_path / "出 库.gpkg"
    dialog.output.setFilePath(str(target))
    dialog.run()
    wait_until_ready(dialog)
    made = gpd.read_file(target)
    assert made["YDYHFLDM"].tolist()[5] == "020500" and made["YDYHFLMC"].tolist()[5] == "其他园地"
    assert made["YDYHFLDM"].isna().sum() == 1 + 3 and len(made) == len(ROWS)
    lost = pd.read_excel(tmp_path / "出 库.未转换.xlsx", dtype=str).dropna(subset=["source_fid"])
    assert set(lost["value"]) == {"0701", "01", "9999"}
    assert "3 个值需要核对" in dialog.summary.text() and "出 库.mapping.toml" in dialog.summary.text()
    assert digest_files(survey.parent) == before
    (layer,) = [v for v in QgsProject.instance().mapLayers().values() if template_id(v) == "XZYDYH"]
    assert layer.featureCount() == len(ROWS) and layer.renderer().type() == "categorizedSymbol"
    assert attribute_forms.role_of_form(layer) == "XZYDYH"
    # The stored mapping gives the same result again.
    dialog._prepare()
    wait_until_ready(dialog)
    assert read_cell(dialog, "YDYHFLDM", mapping_table.LOST) == "4"
    dialog.open_mapping(str(tmp_path / "出 库.mapping.toml"))
    wait_until_ready(dialog)
    assert read_cell(dialog, "YDYHFLDM", mapping_table.LOST) == "3"


def test_a_mapping_into_a_memory_layer(qgis_app, dialog):
    dialog.run()
    wait_until_ready(dialog)
    (layer,) = [v for v in QgsProject.instance().mapLayers().values() if template_id(v) == "XZYDYH"]
    assert layer.providerType() == "memory" and layer.featureCount() == len(ROWS)


def test_a_file_that_is_not_in_the_project(qgis_app, dialog, project, tmp_path):
    other = write_survey(tmp_path / "另", "别处")
    dialog.use_file(str(other))
    wait_until_ready(dialog)
    assert len(project.mapLayers()) == 1 and "10 行" in dialog.summary.text()
    dialog.run()
    wait_until_ready(dialog)
    assert "10 行已写入" in dialog.summary.text()
    (tmp_path / "坏.shp").write_text("x")
    dialog.use_file(str(tmp_path / "坏.shp"))
    assert "坏.shp" in dialog.summary.text()


def test_cancelling_writes_no_output(qgis_app, dialog, tmp_path):
    before = sorted(p.name for p in tmp_path.iterdir())
    dialog.output.setFilePath(str(tmp_path / "半.gpkg"))
    dialog.run()
    dialog._cancel()
    wait_until_ready(dialog)
    assert "已取消" in dialog.summary.text() and sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('role = "DLTB"\n[fields]\n', ["DLTB", "XZYDYH"]),
        ('role = "XZYDYH"\n[fields]\nBZ = "没有这列"\n', ["没有这列", "BZ"]),
    ],
)
def test_the_reason_is_shown_for_an_unusable_mapping(qgis_app, dialog, tmp_path, text, words):
    (tmp_path / "坏.toml").write_text(text, encoding="utf-8")
    former = dialog._prepared.mapping
    dialog.open_mapping(str(tmp_path / "坏.toml"))
    wait_until_ready(dialog)
    assert all(word in dialog.summary.text() for word in words), dialog.summary.text()
    assert dialog._prepared.mapping == former


def test_an_error_of_the_run_is_shown(qgis_app, dialog, survey):
    dialog.output.setFilePath(str(survey))
    dialog.run()
    wait_until_ready(dialog)
    assert survey.name in dialog.summary.text() and "已写入" not in dialog.summary.text()


def test_lines_are_not_mapped_into_polygons(qgis_app, dialog):
    choose(dialog, "ZDJTJCSSX")
    dialog.run()
    wait_until_ready(dialog)
    assert "ZDJTJCSSX" in dialog.summary.text() and "已写入" not in dialog.summary.text()


class Held:
    """An algorithm that waits while reading until the test releases it."""

    def __init__(self, monkeypatch):
        from plugin.algorithms import map_fields

        self.begun, self.free = threading.Event(), threading.Event()
        real = map_fields.read_rows

        def reading(*given):
            self.begun.set()
            assert self.free.wait(PATIENCE)
            return real(*given)

        monkeypatch.setattr(map_fields, "read_rows", reading)


def test_closing_the_dialog_during_a_run_ends_it_without_message_or_output(dialog, monkeypatch, tmp_path):
    """Close the dialog during a run; QGIS's task still uses its objects for a while."""
    held, runner, target = Held(monkeypatch), dialog._runner, tmp_path / "成果.gpkg"
    dialog.output.setFilePath(str(target))
    dialog.run()
    assert wait_until(held.begun.is_set)
    run = weakref.ref(dialog._run)
    dialog.reject()
    dialog._run = None
    gc.collect()
    assert run() is not None, "the task uses what it holds"
    held.free.set()
    assert wait_until(lambda: not runner._jobs)
    assert wait_until(lambda: not QgsApplication.taskManager().activeTasks())
    assert not target.exists() and not list(tmp_path.glob("*.toml"))


def test_unloading_waits_for_a_run(dialog, monkeypatch, tmp_path):
    held, runner = Held(monkeypatch), dialog._runner
    dialog.output.setFilePath(str(tmp_path / "成果.gpkg"))
    dialog.run()
    assert wait_until(held.begun.is_set)
    run = dialog._run
    threading.Timer(0.2, held.free.set).start()
    dialog.reject()
    runner.stop_all()
    assert run.wait(0)
    assert not list(tmp_path.glob("成果*"))


def test_waiting_for_a_run_ends_at_its_time_limit(dialog, monkeypatch, tmp_path):
    held = Held(monkeypatch)
    dialog.output.setFilePath(str(tmp_path / "成果.gpkg"))
    dialog.run()
    assert wait_until(held.begun.is_set)
    run = dialog._run
    # Only this ends the run; waiting for its end then succeeds.
    hand = threading.Timer(5, held.free.set)
    hand.start()
    over, freed = run.wait(0.05), held.free.is_set()
    hand.cancel()
    held.free.set()
    assert not over and not freed
    wait_until_ready(dialog)
    assert run.wait(0)


def test_a_reading_cancelled_in_the_task_manager_is_reported(dialog, monkeypatch):
    reading = threading.Event()

    def prepare(*_given):
        reading.set()
        until = dialog._job.isCanceled
        while not until():
            time.sleep(0.005)
        raise Cancelled

    monkeypatch.setattr(mapping_work, "prepare_mapping", prepare)
    dialog.template.setCurrentIndex(dialog.template.findData("DLTB"))
    dialog.template.activated.emit(dialog.template.currentIndex())
    assert wait_until(reading.is_set)
    dialog._job.cancel()
    assert wait_until(lambda: dialog._job is None)
    assert dialog.summary.text() == "已取消读取。点击“重新推荐”重新读取。" and not dialog.start.isEnabled()
    monkeypatch.undo()
    dialog.again.click()
    assert dialog._job is not None
    wait_until_ready(dialog)
    assert dialog.start.isEnabled()


def test_a_run_cancelled_in_the_task_manager_is_not_a_failure(dialog, monkeypatch, tmp_path):
    held = Held(monkeypatch)
    dialog.output.setFilePath(str(tmp_path / "成果.gpkg"))
    dialog.run()
    assert wait_until(held.begun.is_set)
    dialog._run._task.cancel()
    held.free.set()
    wait_until_ready(dialog)
    assert dialog.summary.text() == "已取消，未写出任何文件。"
