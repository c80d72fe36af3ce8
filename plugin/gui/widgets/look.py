# SPDX-License-Identifier: GPL-2.0-or-later
"""Colours, icons and words of severities and outcomes: always a shape and a word, never colour alone."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent, QObject, QTimer
from qgis.PyQt.QtGui import QColor, QIcon, QImage, QPalette, QPixmap
from qgis.PyQt.QtWidgets import QLabel

from ...bridge.texts import tr
from ...core.model.verdict import Verdict
from ...paths import ICONS

#: The only colours of our own: on a light theme, on a dark one.
_COLORS = {
    "error": ("#D50058", "#FF5C9E"),
    "warning": ("#B35C00", "#FFB347"),
    "info": ("#0057A8", "#6CB8FF"),
    "ok": ("#00694E", "#4CC9A6"),
    "waived": ("#555555", "#AAAAAA"),
}
#: Icons that are drawn in one of these colours; all others take the colour of text.
_COLORED = {
    "error": "error",
    "warning": "warning",
    "info": "info",
    "waived": "waived",
    "skipped": "waived",
    "crashed": "waived",
    "ok": "ok",
    "run": "ok",
}
#: Sizes an icon is drawn at; Qt picks the nearest above, so 200 % screens stay sharp.
_SIZES = (16, 24, 32, 48, 64, 96)
#: What a severity filter button stands for, in its order.
KINDS = ("ERROR", "WARNING", "INFO", "waived", "skipped")
KIND_ICONS = {
    "ERROR": "error",
    "WARNING": "warning",
    "INFO": "info",
    "waived": "waived",
    "skipped": "skipped",
    "crashed": "crashed",
}
VERDICT_ICONS = {
    Verdict.FAIL: "error",
    Verdict.INCOMPLETE: "skipped",
    Verdict.CONDITIONAL: "warning",
    Verdict.PASSED: "ok",
}


#: What a widget hears of when the theme changes; the application's palette may still be the old one then.
THEME_EVENTS = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)


def later(owner: QObject, deed: Callable[[], None]) -> QTimer:
    """A timer to start at a change of theme: it does the deed once, when the new palette is in force."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(0)
    timer.timeout.connect(deed)
    return timer


#: Helper objects of existing widgets.
_helpers: set[QObject] = set()


def keep_alive(helper: QObject, owner: QObject) -> None:
    """Keep a helper's Python part for as long as its owner exists. A widget that QGIS made has no lasting name in Python: the
    garbage collector would take its children there, and with them the methods that they override or connect."""
    _helpers.add(helper)
    owner.destroyed.connect(lambda *_gone: _helpers.discard(helper))


def is_dark() -> bool:
    return QgsApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def color(kind: str) -> QColor:
    """One of our five colours for the theme in force."""
    return QColor(_COLORS[kind][is_dark()])


def map_color(kind: str) -> QColor:
    """Return the colour of a kind for the map, which is light in every theme."""
    return QColor(_COLORS[kind][0])


def faint() -> QColor:
    """Text that stands back but can be read: labels of rows, rules that were skipped."""
    palette = QgsApplication.palette()
    ink = palette.color(QPalette.ColorRole.WindowText)
    paper = palette.color(QPalette.ColorRole.Window)
    parts = ((65 * i + 35 * p) // 100 for i, p in zip(ink.getRgb()[:3], paper.getRgb()[:3], strict=True))
    return QColor(*parts)


def stand_back(label: QLabel) -> QLabel:
    """In that colour."""
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, faint())
    label.setPalette(palette)
    return label


def icon(name: str) -> QIcon:
    """An icon of resources/icons in the theme's colours."""
    made = QIcon()
    for size in _SIZES:
        made.addPixmap(QPixmap.fromImage(_image(name, size)))
        made.addPixmap(QPixmap.fromImage(_image(name, size, faint=True)), QIcon.Mode.Disabled)
    return made


def pixmap(name: str, size: int, ratio: float) -> QPixmap:
    """An icon for a label: ``size`` in the screen's units, ``ratio`` pixels each."""
    made = QPixmap.fromImage(_image(name, round(size * ratio)))
    made.setDevicePixelRatio(ratio)
    return made


def map_pixmap(name: str, size: int, ratio: float) -> QPixmap:
    """Return the icon as a pixmap for the map, which is light in every theme."""
    path, pixels = str(ICONS / f"{name}.svg"), round(size * ratio)
    fill, line = map_color(_COLORED[name]), QColor("#FFFFFF")
    made = QPixmap.fromImage(QgsApplication.svgCache().svgAsImage(path, pixels, fill, line, 1.0, 1.0)[0])
    made.setDevicePixelRatio(ratio)
    return made


def _image(name: str, pixels: int, faint: bool = False) -> QImage:
    palette = QgsApplication.palette()
    group = QPalette.ColorGroup.Disabled if faint else QPalette.ColorGroup.Active
    fill = line = palette.color(group, QPalette.ColorRole.WindowText)
    if name in _COLORED and not faint:
        fill, line = color(_COLORED[name]), palette.color(QPalette.ColorRole.Base)
    return QgsApplication.svgCache().svgAsImage(str(ICONS / f"{name}.svg"), pixels, fill, line, 1.0, 1.0)[0]


def kind_word(kind: str) -> str:
    return {
        "ERROR": tr("Error"),
        "WARNING": tr("Warning"),
        "INFO": tr("Info"),
        "waived": tr("Waived"),
        "skipped": tr("Skipped"),
        "crashed": tr("Crashed"),
    }[kind]


def verdict_word(verdict: str) -> str:
    return {
        "fail": tr("Not passed"),
        "incomplete": tr("Incomplete"),
        "conditional": tr("Passed with conditions"),
        "pass": tr("Passed"),
    }[verdict]


def outcome_word(outcome: str) -> str:
    return {
        "passed": tr("Passed"),
        "failed": tr("Has findings"),
        "waived": tr("Waived"),
        "not_applicable": tr("Not applicable"),
        "skipped": tr("Skipped"),
        "crashed": tr("Crashed"),
    }[outcome]


def state_word(state: str) -> str:
    """The state of one finding."""
    return tr("Waived") if state == "waived" else tr("To do")
