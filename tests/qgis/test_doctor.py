# SPDX-License-Identifier: GPL-2.0-or-later
"""The environment check in QGIS: dialog, background job, fonts, algorithm."""

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from qgis.core import QgsFontUtils, QgsProcessingException
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton, QWidget

from plugin.bridge.doctor import list_qgis_facts
from plugin.bridge.running.tasks import JobRunner
from plugin.core.cli.doctor.libraries import FactState, load_requirements
from plugin.core.cli.examples import run_examples as example_run
from plugin.core.model import rule as rule_model
from plugin.gui.actions import DialogOpener
from plugin.gui.help import doctor_dialog
from plugin.gui.help.doctor_dialog import DoctorDialog
from tests.qgis.helpers import run_algorithm
from tests.qgis.waiting import process_events, wait_until

pytestmark = pytest.mark.usefixtures("chinese")
ALL_EXAMPLES = example_run.list_examples


@pytest.fixture
def few_examples(monkeypatch):
    monkeypatch.setattr(
        example_run, "list_examples", lambda: [one for one in ALL_EXAMPLES() if one.code in ("REL002", "FIX007")]
    )


@pytest.fixture
def open_dialog(qgis_app):
    runner, dialogs = JobRunner(), []

    def open_dialog():
        dialogs.append(DoctorDialog(runner))
        dialogs[-1].show()
        return dialogs[-1]

    yield open_dialog
    runner.stop_all()
    for dialog in dialogs:
        if not sip.isdeleted(dialog):
            sip.delete(dialog)


def wait_for_report(dialog):
    assert wait_until(lambda: dialog.report is not None), dialog.text()


def test_dialog_shows_every_line_and_the_conclusion_first(open_dialog, few_examples):
    dialog = open_dialog()
    assert dialog.report is None and dialog.progress.isVisible() and not dialog.save_button.isEnabled()
    wait_for_report(dialog)
    lines = dialog.text().splitlines()
    assert lines[0] == dialog.report.conclusion and "可以运行全部检查" in lines[0]
    assert len(lines) == 1 + len(dialog.report.facts)
    for word in ("可用 · QGIS", "可用 · geopandas", "图件字体", "QGIS 用户配置文件夹", "规则的算例：", "修复的算例："):
        assert word in dialog.text()
    assert dialog.save_button.isEnabled() and not dialog.progress.isVisible()


def test_dialog_names_a_missing_library_and_its_remedy_first(open_dialog, monkeypatch):
    monkeypatch.setitem(load_requirements().required_libraries, "geopandas", "99.0")
    dialog = open_dialog()
    wait_for_report(dialog)
    conclusion, *lines = dialog.text().splitlines()
    assert "geopandas" in conclusion and "请勿在 QGIS 中用 pip 安装" in conclusion
    assert any(line.startswith("缺少 · geopandas：版本过低，需要 99.0 或更新") for line in lines)
    assert any(line.startswith("未运行 · 算例：缺少或过旧的库：geopandas ≥ 99.0") for line in lines)


def test_dialog_names_a_broken_rule_with_its_example(open_dialog, few_examples, monkeypatch):
    rule = rule_model.load_all_rules()["REL002"]
    monkeypatch.setitem(rule_model._DECLARED_RULES, "REL002", replace(rule, function=lambda *layers, ctx, **more: []))
    dialog = open_dialog()
    wait_for_report(dialog)
    assert not dialog.report.is_healthy
    assert f"不符 · REL002 的算例“{rule.fails[0].title}”" in dialog.text()


def test_windows_respond_while_the_examples_run(open_dialog):
    gaps, last = [], [time.perf_counter()]

    def note_turn():
        gaps.append(time.perf_counter() - last[0])
        last[0] = time.perf_counter()

    timer = QTimer()
    timer.timeout.connect(note_turn)
    dialog = open_dialog()
    assert wait_until(lambda: dialog.progress.value() > 100), dialog.text()
    last[0] = time.perf_counter()
    timer.start(10)
    assert wait_until(lambda: dialog.progress.value() > 250)
    timer.stop()
    assert len(gaps) > 20 and sorted(gaps)[len(gaps) // 2] < 0.1
    dialog.reject()


def test_cancel_ends_the_examples_and_keeps_the_lines_before(open_dialog):
    dialog = open_dialog()
    assert wait_until(lambda: dialog.progress.value() > 60)
    dialog.cancel_button.click()
    wait_for_report(dialog)
    assert dialog.report.conclusion.startswith("已取消")
    assert "可用 · geopandas" in dialog.text() and "规则的算例：" not in dialog.text()
    assert "未运行 · 算例：已取消" in dialog.text()


def test_closing_the_dialog_cancels_the_job(open_dialog):
    dialog = open_dialog()
    job = dialog._job
    assert [button.text() for button in dialog.findChildren(QPushButton) if button.isDefault()] == ["关闭"]
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert wait_until(lambda: sip.isdeleted(job) or job.wait(0))
    process_events(0.1)


@pytest.mark.parametrize("suffix", [".txt", ".json"])
def test_result_is_saved(open_dialog, few_examples, monkeypatch, tmp_path, suffix):
    target = tmp_path / f"自检{suffix}"
    monkeypatch.setattr(doctor_dialog, "choose_save_path", lambda *arguments: str(target))
    dialog = open_dialog()
    wait_for_report(dialog)
    dialog.save_button.click()
    text = target.read_text(encoding="utf-8")
    assert dialog.report.conclusion in text
    assert ("QGIS" in json.loads(text)["facts"][0]["name"]) if suffix == ".json" else "可用 · QGIS" in text


def test_menu_shows_the_open_window_again_instead_of_a_second_one(qgis_app, few_examples):
    runner, window = JobRunner(), QWidget()
    menu = SimpleNamespace(_runner=runner, _iface=SimpleNamespace(mainWindow=lambda: window))
    DialogOpener.open_doctor(menu)
    DialogOpener.open_doctor(menu)
    (dialog,) = window.findChildren(DoctorDialog)
    wait_for_report(dialog)
    runner.stop_all()
    sip.delete(window)


def test_result_that_cannot_be_saved_keeps_its_conclusion(open_dialog, few_examples, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    target = tmp_path / "file" / "r.txt"
    monkeypatch.setattr(doctor_dialog, "choose_save_path", lambda *arguments: str(target))
    dialog = open_dialog()
    wait_for_report(dialog)
    dialog.save_button.click()
    assert dialog.note.isVisible() and dialog.note.text() and "已保存" not in dialog.note.text()
    assert dialog.text().startswith(dialog.report.conclusion) and not target.exists()


@pytest.mark.parametrize(
    ("installed", "state", "word"),
    [
        ({"仿宋", "黑体"}, FactState.OK, "仿宋"),
        ({"Noto Serif CJK SC"}, FactState.WARNING, "以 Noto Serif CJK SC 代替"),
        (set(), FactState.WARNING, "没有可用的中文字体"),
    ],
    ids=["there", "fallback", "none"],
)
def test_fonts_of_reports_are_named_with_their_fallback(qgis_app, monkeypatch, installed, state, word):
    monkeypatch.setattr(QgsFontUtils, "fontFamilyOnSystem", lambda family: family in installed)
    fact = next(fact for fact in list_qgis_facts("zh") if fact.identifier == "font_serif")
    assert fact.state is state and word in fact.found
    assert state is FactState.OK or "仿宋" in fact.remedy


def test_algorithm_reports_that_checks_can_run_and_writes_the_result(provider, tmp_path, few_examples):
    result = run_algorithm("doctor", {"OUTPUT": str(tmp_path / "r.json")})
    assert result["OK"] is True
    for word in ("QGIS", "geopandas", "规则的算例"):
        assert word in result["REPORT"]
    saved = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert saved["healthy"] and saved["schema"] == "sanxian-doctor/1"
    result = run_algorithm("doctor", {"EXAMPLES": False})
    assert "算例" not in result["REPORT"]


def test_algorithm_refuses_an_unknown_suffix_before_it_runs(provider, tmp_path):
    with pytest.raises(QgsProcessingException, match=r"\.txt"):
        run_algorithm("doctor", {"OUTPUT": str(tmp_path / "r.pdf")})
