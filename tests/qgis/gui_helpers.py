# SPDX-License-Identifier: GPL-2.0-or-later
"""Check results made by hand, and events, for tests of the desktop interface."""

from datetime import datetime
from types import SimpleNamespace

import shapely
from qgis.core import Qgis, QgsCoordinateReferenceSystem
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QObject, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QWheelEvent
from qgis.PyQt.QtWidgets import QApplication, QMainWindow

from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity
from plugin.core.standard import load_standard
from plugin.core.standard.profile import Norm, load_profile

X, Y = 38_470_000.0, 4_390_000.0
_LEVEL_NAMES = {
    Qgis.MessageLevel.Info: "info",
    Qgis.MessageLevel.Success: "success",
    Qgis.MessageLevel.Warning: "warning",
}


class RecordingMessageBar(QgsMessageBar):
    """A message bar with ``messages``: (level, text) of each message that was shown and not removed, oldest first."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def pushWidget(self, message, level, duration=0):
        self.messages.append((_LEVEL_NAMES[level], message.text()))
        return super().pushWidget(message, level, duration)

    def popWidget(self, message):
        self.messages = [one for one in self.messages if one[1] != message.text()]
        return super().popWidget(message)


class FakeInterface(QObject):
    """A minimal QgisInterface: window, map canvas, message bar and active layer."""

    def __init__(self):
        super().__init__()
        self.window, self.active = QMainWindow(), None
        self.canvas, self.bar = QgsMapCanvas(self.window), QgsMessageBar(self.window)

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def activeLayer(self):
        return self.active

    def setActiveLayer(self, layer):
        self.active = layer


def make_finding(code, key, area, township="永安镇", severity=Severity.ERROR, **more):
    """Return a finding with an area (m²), or without a shape if that is None."""
    shape = None if area is None else shapely.box(X, Y, X + area / 100, Y + 100)
    values = {
        "role": "YJJBNTBHTB",
        "key": key,
        "area_m2": area,
        "geometry": shape,
        "severity": severity,
        "code": code,
        "message": f"{code} {key} {township}",
        "township": township,
        "fingerprint": f"{code}-{key}",
    }
    return Finding(**{**values, **more})


def make_small_report():
    """Return a report with findings of two severities.

    Some rules have findings, one was skipped, one passed, and one crashed.
    """
    findings = [
        make_finding("REL002", "140225000000000001", 12_640.35),
        make_finding("REL002", "140225000000000002", 900.0, "蔡村镇"),
        make_finding("REL002", "140225000000000003", 52_000.0, "蔡村镇", state="waived"),
        make_finding("LAW010", "140225000000000004", 200.0, "西坊城镇", Severity.WARNING),
        make_finding("ATT001", "140225000000000005", None, "", related_keys=["7"]),
        make_finding("RUN900", "", None, "", Severity.WARNING, params={"rule": "TOP002"}),
    ]
    rules = [
        RuleOutcome("ATT001", "duplicate-key", "ERROR", Outcome.FAILED, 1, title="标识码唯一"),
        RuleOutcome("TOP001", "layer-overlap", "ERROR", Outcome.PASSED, title="图层内部不重叠"),
        RuleOutcome("TOP002", "zone-gaps", "ERROR", Outcome.CRASHED, 1, reason="坏了", title="规划分区无空隙"),
        RuleOutcome(
            "TOP003", "outside-county", "ERROR", Outcome.SKIPPED, reason="缺县级行政区图层。", title="要素不超出县界"
        ),
        RuleOutcome("REL002", "farmland-in-boundary", "ERROR", Outcome.FAILED, 3, title="永农与开发边界不重叠"),
        RuleOutcome("LAW010", "farmland-not-cultivated", "WARNING", Outcome.FAILED, 1, title="永农为耕地"),
    ]
    return Report(rules=rules, findings=findings, tolerance={"ignored_slivers": 128, "ignored_area_m2": 96.4})


def make_clean_report(skipped=False):
    """Return a report without findings; ``skipped``: with one rule that was skipped."""
    outcome = Outcome.SKIPPED if skipped else Outcome.PASSED
    rules = [
        RuleOutcome(f"TOP00{n}", "x", "ERROR", outcome if n == 1 else Outcome.PASSED, reason="缺图层。")
        for n in range(1, 4)
    ]
    for rule in rules[1:]:
        rule.reason = ""
    if not skipped:
        rules[0].reason = ""
    return Report(rules=rules, tolerance={"ignored_slivers": 128, "ignored_area_m2": 96.4})


def make_large_report(count):
    """Return a report with many findings of one rule."""
    findings = [make_finding("REL002", f"{n:018d}", 1.0 + n, f"乡镇{n % 20}") for n in range(count)]
    return Report(rules=[RuleOutcome("REL002", "x", "ERROR", Outcome.FAILED, count, title="大")], findings=findings)


def make_result(report):
    """Return the check result that has a report."""
    from plugin.core.checks.check import CheckResult
    from plugin.core.engine.waivers.waiver import NO_WAIVERS
    from plugin.core.model.side_inputs import NO_SIDE_INPUTS
    from plugin.core.standard.messages.texts import Texts
    from plugin.gui.findings.result import CheckView

    norm = Norm(load_standard("county_db"), load_profile("hunyuan"))
    checked = CheckResult(SimpleNamespace(norm=norm, layers={}), report, NO_SIDE_INPUTS, NO_WAIVERS)
    when = datetime(2026, 1, 2, 14, 32)
    return CheckView(checked, when, QgsCoordinateReferenceSystem("EPSG:4526"), Texts("zh"))


def turn_wheel(widget):
    """Turn the mouse wheel down by three steps over a widget; return whether it, or one below it, takes the event."""
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place,
        QPointF(widget.mapToGlobal(widget.rect().center())),
        QPoint(),
        QPoint(0, -360),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    # Directly, as Qt gives an event that no window system sent to no parent.
    QApplication.sendEvent(widget, event)
    return event.isAccepted()
