# SPDX-License-Identifier: GPL-2.0-or-later
"""Test warnings before editing files on a network or open in other programs."""

import subprocess
import sys
import threading

import pytest
from qgis.core import QgsVectorLayer

from plugin.bridge.fixes.apply import STARTED_BY_FIX_PROPERTY
from plugin.core.files import edit_risks
from plugin.gui.editing import warnings as edit_warnings
from plugin.gui.editing.warnings import EditWarnings
from tests.core.files.test_edit_risks import WRITER_SCRIPT
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_controller import FakeInterface
from tests.qgis.waiting import PATIENCE_SECONDS, process_events, wait_until


@pytest.fixture
def opened_layers(chinese, qgis_app, project, tmp_path, monkeypatch):
    """Return window, two layers of a small plan and their file.

    Edit warnings watch the layers.
    """
    monkeypatch.setattr(
        edit_warnings, "_INSPECTION_TIMEOUT_S", PATIENCE_SECONDS
    )  # a busy machine takes longer than users wait
    path = write_small(tmp_path / "小县.gpkg")
    iface = FakeInterface()
    first = QgsVectorLayer(f"{path}|layername=CZKFBJ", "城镇开发边界", "ogr")
    project.addMapLayer(first)
    warnings = EditWarnings(iface)
    second = QgsVectorLayer(f"{path}|layername=STBHHX", "生态保护红线", "ogr")
    project.addMapLayer(second)
    yield iface, first, second, path
    warnings.stop()
    for layer in (first, second):
        layer.rollBack()
    iface.window.deleteLater()
    process_events(0.02)


def read_messages(iface):
    item = iface.messageBar().currentItem()
    return item.text() if item is not None else ""


@pytest.mark.skipif(sys.platform != "linux", reason="as the kernel tells")
def test_editing_a_file_that_another_program_writes_shows_a_warning_first(opened_layers):
    iface, first, second, path = opened_layers
    at_begin = []
    first.editingStarted.connect(lambda: at_begin.append(read_messages(iface)))
    with subprocess.Popen(
        [sys.executable, "-c", WRITER_SCRIPT, str(path), "wal", "write"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        first.startEditing()
        (text,) = at_begin
        assert "“小县.gpkg”" in text and "城镇开发边界" in text and str(process.pid) in text and "正在写入" in text
        process.communicate("\n", timeout=30)
    first.rollBack()
    iface.messageBar().clearWidgets()
    second.startEditing()
    assert read_messages(iface) == ""


def test_editing_two_layers_of_one_file_shows_no_warning(opened_layers):
    iface, first, second, _ = opened_layers
    assert first.startEditing() and second.startEditing()
    assert read_messages(iface) == ""


def test_editing_a_file_on_a_network_drive_shows_one_warning(opened_layers, monkeypatch):
    iface, first, second, _ = opened_layers
    monkeypatch.setattr(edit_risks, "find_network_drive", lambda path: "\\\\nas\\规划")
    first.startEditing()
    text = read_messages(iface)
    assert "\\\\nas\\规划" in text and "小县.gpkg" in text and "本机" in text
    iface.messageBar().clearWidgets()
    second.startEditing()
    assert read_messages(iface) == ""


def test_edit_warning_is_shown_once_per_file_and_again_if_its_risk_ended_and_returned(opened_layers, monkeypatch):
    iface, first, second, _ = opened_layers
    risks = [edit_risks.EditRisk(edit_risks.OPEN_ELSEWHERE, "soffice.bin (7)")]
    monkeypatch.setattr(edit_risks, "find_edit_risks", lambda path, own_edits: list(risks))

    def begin(layer):
        iface.messageBar().clearWidgets()
        layer.startEditing()
        text = read_messages(iface)
        layer.rollBack()
        return text

    assert "soffice.bin (7)" in begin(first)
    assert begin(second) == begin(first) == ""
    other = risks.pop()
    assert begin(first) == ""
    risks.append(other)
    assert "soffice.bin (7)" in begin(second)


def test_unresponsive_file_server_delays_the_warning_but_not_the_editing(opened_layers, monkeypatch):
    iface, first, _, _ = opened_layers
    answers = threading.Event()

    def place(path):
        answers.wait(60)
        return "\\\\nas\\规划"

    monkeypatch.setattr(edit_risks, "find_network_drive", place)
    monkeypatch.setattr(edit_warnings, "_INSPECTION_TIMEOUT_S", 0.4)
    assert first.startEditing() and read_messages(iface) == ""
    answers.set()
    assert wait_until(lambda: "nas" in read_messages(iface))


def test_warning_of_a_driver_that_damages_rows_names_version_and_remedy():
    risk = edit_risks.EditRisk(edit_risks.DAMAGING_DRIVER, "GDAL 3.6.2")
    text = edit_warnings.describe_risk(risk, "城镇开发边界", "县.gdb")
    assert "GDAL 3.6.2" in text and "“县.gdb”" in text and "城镇开发边界" in text and "转为 GeoPackage" in text


def test_fix_that_starts_to_edit_several_layers_of_a_file_inspects_it_once(opened_layers, monkeypatch):
    iface, first, second, _ = opened_layers
    answers, asked = threading.Event(), []

    def find_risks(path, own_edits):
        asked.append(path)
        answers.wait(60)
        return [edit_risks.EditRisk(edit_risks.OPEN_ELSEWHERE, "soffice.bin (7)")]

    monkeypatch.setattr(edit_risks, "find_edit_risks", find_risks)
    for layer in (first, second):
        layer.setProperty(STARTED_BY_FIX_PROPERTY, True)
        assert layer.startEditing()
    answers.set()
    assert wait_until(lambda: "soffice.bin (7)" in read_messages(iface))
    assert len(asked) == 1


def test_edit_warnings_watch_no_layer_after_being_stopped(opened_layers, monkeypatch, project):
    iface, first, _, _ = opened_layers
    asked = []
    monkeypatch.setattr(edit_risks, "find_network_drive", lambda path: asked.append(path) or "")
    first.startEditing()
    assert len(asked) == 1
    first.rollBack()
    stopped = EditWarnings(iface)
    stopped.stop()
    first.startEditing()
    assert len(asked) == 2, "only the one that still follows"
