# SPDX-License-Identifier: GPL-2.0-or-later
"""Colours, icons and names of severities and outcomes; never colour alone."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent, QObject, QTimer
from qgis.PyQt.QtGui import QColor, QIcon, QImage, QPalette, QPixmap
from qgis.PyQt.QtWidgets import QLabel

from ...bridge.texts import tr
from ...core.model.verdict import Verdict
from ...paths import ICONS_FOLDER

#: The colours defined by the plugin: in light themes, in dark themes.
_THEME_COLORS = {
    "error": ("#D50058", "#FF5C9E"),
    "warning": ("#B35C00", "#FFB347"),
    "info": ("#0057A8", "#6CB8FF"),
    "ok": ("#00694E", "#4CC9A6"),
    "waived": ("#555555", "#AAAAAA"),
}
#: Icons drawn in one of these colours; the others use the text colour.
_COLORED_ICONS = {
    "error": "error",
    "warning": "warning",
    "info": "info",
    "waived": "waived",
    "skipped": "waived",
    "crashed": "waived",
    "ok": "ok",
    "run": "ok",
}
#: Sizes at which icons are rendered; Qt picks the nearest larger one, sharp on screens at 200 %.
_ICON_SIZES_PX = (16, 24, 32, 48, 64, 96)
#: Kinds of findings of the filter buttons, in their order.
FINDING_KINDS = ("ERROR", "WARNING", "INFO", "waived", "skipped")
KIND_ICONS = {
    "ERROR": "error",
    "WARNING": "warning",
    "INFO": "info",
    "waived": "waived",
    "skipped": "skipped",
    "crashed": "crashed",
}
VERDICT_ICONS = {
    Verdict.FAILED: "error",
    Verdict.INCOMPLETE: "skipped",
    Verdict.CONDITIONAL: "warning",
    Verdict.PASSED: "ok",
}


#: Events of a widget on a change of theme; the application's palette may still be the former one.
THEME_EVENTS = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)


def make_theme_change_timer(owner: QObject, action: Callable[[], None]) -> QTimer:
    """Return a timer that calls ``action`` once when a new theme's palette is in force.

    Start it on a change of theme.
    """
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(0)
    timer.timeout.connect(action)
    return timer


#: Helper objects of existing widgets.
_kept_alive: set[QObject] = set()


def keep_alive(helper: QObject, owner: QObject) -> None:
    """Retain a helper's Python object until its owner is destroyed.

    Python holds no lasting reference to a widget that QGIS created: the garbage collector would delete the Python
    part of its children, with the methods that they override or connect.
    """
    _kept_alive.add(helper)
    owner.destroyed.connect(lambda *_gone: _kept_alive.discard(helper))


def is_dark() -> bool:
    """Return True in a dark theme."""
    return QgsApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def get_color(kind: str) -> QColor:
    """Return the colour of a kind of findings (such as ERROR) in the current theme."""
    return QColor(_THEME_COLORS[kind][is_dark()])


def get_map_color(kind: str) -> QColor:
    """Return the colour of a kind of findings for the map, light in every theme."""
    return QColor(_THEME_COLORS[kind][0])


def get_faint_color() -> QColor:
    """Return the colour of secondary text: labels of rows, skipped rules."""
    palette = QgsApplication.palette()
    ink = palette.color(QPalette.ColorRole.WindowText)
    paper = palette.color(QPalette.ColorRole.Window)
    parts = ((65 * i + 35 * p) // 100 for i, p in zip(ink.getRgb()[:3], paper.getRgb()[:3], strict=True))
    return QColor(*parts)


def set_faint(label: QLabel) -> QLabel:
    """Give a label the colour of secondary text and return it."""
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, get_faint_color())
    label.setPalette(palette)
    return label


def load_icon(name: str) -> QIcon:
    """Return an icon of resources/icons in the colours of the theme."""
    themed = QIcon()
    for size in _ICON_SIZES_PX:
        themed.addPixmap(QPixmap.fromImage(_render_icon(name, size)))
        themed.addPixmap(QPixmap.fromImage(_render_icon(name, size, faint=True)), QIcon.Mode.Disabled)
    return themed


def load_pixmap(name: str, size: int, ratio: float) -> QPixmap:
    """Return an icon for a label.

    ``size``: in device-independent pixels; ``ratio``: device pixels for each of them.
    """
    scaled = QPixmap.fromImage(_render_icon(name, round(size * ratio)))
    scaled.setDevicePixelRatio(ratio)
    return scaled


def load_map_pixmap(name: str, size: int, ratio: float) -> QPixmap:
    """Return the icon as a pixmap for the map, which is light in every theme."""
    path, pixels = str(ICONS_FOLDER / f"{name}.svg"), round(size * ratio)
    fill, line = get_map_color(_COLORED_ICONS[name]), QColor("#FFFFFF")
    scaled = QPixmap.fromImage(QgsApplication.svgCache().svgAsImage(path, pixels, fill, line, 1.0, 1.0)[0])
    scaled.setDevicePixelRatio(ratio)
    return scaled


def _render_icon(name: str, pixels: int, faint: bool = False) -> QImage:
    palette = QgsApplication.palette()
    group = QPalette.ColorGroup.Disabled if faint else QPalette.ColorGroup.Active
    fill = line = palette.color(group, QPalette.ColorRole.WindowText)
    if name in _COLORED_ICONS and not faint:
        fill, line = get_color(_COLORED_ICONS[name]), palette.color(QPalette.ColorRole.Base)
    return QgsApplication.svgCache().svgAsImage(str(ICONS_FOLDER / f"{name}.svg"), pixels, fill, line, 1.0, 1.0)[0]


def get_kind_word(kind: str) -> str:
    """Return the translated name of a kind of findings, such as ERROR or waived."""
    return {
        "ERROR": tr("Error"),
        "WARNING": tr("Warning"),
        "INFO": tr("Info"),
        "waived": tr("Waived"),
        "skipped": tr("Skipped"),
        "crashed": tr("Crashed"),
    }[kind]


def get_verdict_word(verdict: str) -> str:
    """Return the translated name of a verdict."""
    return {
        "fail": tr("Not passed"),
        "incomplete": tr("Incomplete"),
        "conditional": tr("Passed with conditions"),
        "pass": tr("Passed"),
    }[verdict]


def get_outcome_word(outcome: str) -> str:
    """Return the translated name of the outcome of a rule."""
    return {
        "passed": tr("Passed"),
        "failed": tr("Has findings"),
        "waived": tr("Waived"),
        "not_applicable": tr("Not applicable"),
        "skipped": tr("Skipped"),
        "crashed": tr("Crashed"),
    }[outcome]


def get_state_word(state: str) -> str:
    """Return the translated name of the state of a finding: to do or waived."""
    return tr("Waived") if state == "waived" else tr("To do")
