# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: measure pauses of the main thread with a work list of many findings in the panel."""

import gc
import os
import time
from dataclasses import replace
from types import SimpleNamespace

from gui_driver import FACTS, FOLDER, prepare_window_for_screenshots, run_tour, wait, wait_seconds
from pause_monitor import PauseMonitor
from qgis.PyQt.QtCore import Qt
from qgis.utils import plugins

COUNT = int(os.environ["SANXIAN_WORKLIST_FINDINGS"])
RULES, TOWNSHIPS, LAYERS = 20, 18, 6


def make_report():
    """Return a report with findings of several rules, townships and layers; three of four are of one rule."""
    from sanxian.plugin.core.model.findings import Finding
    from sanxian.plugin.core.model.report import Outcome, Report, RuleOutcome
    from sanxian.plugin.core.model.rule import Severity

    codes = [f"TOP{n:03d}" for n in range(1, RULES + 1)]
    findings = []
    for n in range(COUNT):
        code = codes[0] if n % 4 else codes[n // 4 % RULES]
        findings.append(
            Finding(
                f"LAYER{n % LAYERS}", f"{140225000000000000 + n}", code=code, fingerprint=f"{n:020x}",
                area_m2=float(n * 7919 % 100_003), township=f"乡镇{n % TOWNSHIPS}",
                severity=Severity.ERROR if n % 3 else Severity.WARNING, message=f"图斑 {n} 与相邻图斑重叠，应退让。",
            )
        )  # fmt: skip
    rules = [RuleOutcome(code, code, "ERROR", Outcome.FAILED, 1, title=f"规则 {code}") for code in codes]
    layers = [{"role": f"LAYER{n}", "title": f"图层{n}"} for n in range(LAYERS)]
    return Report(rules=rules, findings=findings, provenance={"layers": layers})


def measure(controller):
    """Run each step and record its longest pause."""
    from datetime import datetime

    from qgis.core import QgsCoordinateReferenceSystem
    from sanxian.plugin.core.checks.check import CheckResult
    from sanxian.plugin.core.engine.waivers.waiver import NO_WAIVERS
    from sanxian.plugin.core.model.report import Report
    from sanxian.plugin.core.model.rule import load_all_rules
    from sanxian.plugin.core.model.side_inputs import NO_SIDE_INPUTS
    from sanxian.plugin.core.render.worklist.worklist_row import WorkEdit, WorkState
    from sanxian.plugin.core.standard import load_standard
    from sanxian.plugin.core.standard.messages.texts import Texts
    from sanxian.plugin.core.standard.profile import Norm, load_profile
    from sanxian.plugin.gui.findings.groups import Grouping
    from sanxian.plugin.gui.findings.result import CheckView

    plan = SimpleNamespace(norm=Norm(load_standard("county_db"), load_profile("hunyuan")), layers={})
    report = make_report()
    checked = CheckResult(plan, report, NO_SIDE_INPUTS, NO_WAIVERS)
    result = CheckView(checked, datetime.now(), QgsCoordinateReferenceSystem("EPSG:4526"), Texts("zh"))
    dock, store = controller.dock, controller.worklist.store
    dock.setUserVisible(True)
    pauses = FACTS["pauses"] = {}
    # After a check, rules and texts are loaded.
    load_all_rules()
    few = Report(rules=report.rules, findings=report.findings[:10], provenance=report.provenance)
    dock.set_result(replace(result, check_result=replace(checked, report=few), findings=[]))
    assert dock.step_selection(1) is None
    wait_seconds(1)

    def is_ready():
        return dock._filling is None and not dock.filters._timer.isActive() and not store.is_busy

    def step(name, action, is_done=is_ready):
        gc.collect()
        wait_seconds(0.3)
        began = time.monotonic()
        with PauseMonitor() as monitor:
            action()
            wait_seconds(0.2)
            assert wait(is_done, 120), name
            wait_seconds(0.3)
        pauses[name] = [round(monitor.wall, 4), round(monitor.cpu, 4), round(time.monotonic() - began - 0.5, 2)]

    step("fill", lambda: dock.set_result(result))
    path = FOLDER / "county.worklist.csv"
    dock.worklist_button.show()
    store.open(path, report, False)
    step("create list", controller.worklist.begin)
    step("read list", store.reload)
    step("search", lambda: dock.filters.search.setText("乡镇7"))
    step("search again", lambda: dock.filters.search.setText("图斑 99"))
    step("end search", lambda: dock.filters.search.setText(""))
    for grouping in (Grouping.TOWNSHIP, Grouping.LAYER, Grouping.SEVERITY, Grouping.ASSIGNEE, Grouping.RULE):
        step(f"group by {grouping.value}", lambda grouping=grouping: dock.group_by(grouping))
    step("next", lambda: dock.step_selection(1))
    for number in range(3):
        step(f"next open {number}", dock.step_to_open)
    step("edit one row", lambda: controller.worklist.edit_selected(WorkEdit(state=WorkState.FALSE_ALARM)))
    step("filter by state", lambda: dock.filters.states.setCheckedItems(["误报"]))
    step("end filter", dock.filters.states.deselectAllOptions)
    step("sort", lambda: dock.tree.header().setSortIndicator(0, Qt.SortOrder.AscendingOrder))
    step("scroll", dock.tree.scrollToBottom)
    select_group = dock.tree.findings.index(0, 0)
    dock.tree.setCurrentIndex(select_group)
    step("assign 75 000 rows", lambda: controller.worklist.edit_selected(WorkEdit(assignee="一组")))
    done = len(dock.tree.list_selected_findings())
    FACTS["assigned"] = done
    far_rows = mark_done(store.rows, dock)
    dock.set_work(far_rows)
    assert wait(is_ready, 120)
    step("next open, far", dock.step_to_open)


def mark_done(rows, dock):
    """Return rows in which all but the last finding of the first group are false alarms."""
    from sanxian.plugin.core.render.worklist.worklist_row import WorkState
    from sanxian.plugin.gui.findings.work_rows import WorkRows

    shown = dock.tree.findings.list_visible_findings()
    done = {f.fingerprint: replace(rows.items[f.fingerprint], state=WorkState.FALSE_ALARM) for f in shown[: COUNT // 2]}
    return WorkRows({**rows.items, **done})


def main():
    prepare_window_for_screenshots()
    measure(plugins["sanxian"].desktop)


run_tour(main)
