# SPDX-License-Identifier: GPL-2.0-or-later
"""Colours, icons and names of severities and outcomes; never colour alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from html import escape
from typing import TypeVar

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QObject, QTimer
from qgis.PyQt.QtGui import QColor, QIcon, QImage, QPalette, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QTextBrowser,
    QWidget,
)

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
    "unread": "waived",
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
#: Events after which a widget may have the colours of the theme again.
_RESTYLE_EVENTS = (*THEME_EVENTS, QEvent.Type.StyleChange, QEvent.Type.Polish, QEvent.Type.Show)
#: Least contrast of text (WCAG 2.1, 1.4.3).
MIN_CONTRAST = 4.5
#: Contrast of chosen colours: the soft edges of thin letters are drawn with less.
_CHOSEN_CONTRAST = 5.2


#: A widget with a text whose colour can be set.
_Labelled = TypeVar("_Labelled", QLabel, QRadioButton)

#: Helper objects of existing widgets.
_kept_alive: set[QObject] = set()


def keep_alive(helper: QObject) -> None:
    """Retain the Python object of a helper, a child of a widget, until the widget is deleted.

    Python holds no lasting reference to a widget that QGIS created: the garbage collector would delete the Python
    part of its children, with the methods that they override or connect.
    """
    # Do not use the signal `destroyed`: a garbage collection can begin in its slot, while the widget's children are
    # being deleted, and delete some of them a second time.
    _kept_alive.difference_update([kept for kept in _kept_alive if sip.isdeleted(kept)])
    _kept_alive.add(helper)


def is_dark() -> bool:
    """Return True in a dark theme."""
    return QgsApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def get_color(kind: str) -> QColor:
    """Return the colour of a kind of findings (such as ERROR) in the current theme."""
    return QColor(_THEME_COLORS[kind][is_dark()])


def get_map_color(kind: str) -> QColor:
    """Return the colour of a kind of findings for the map, light in every theme."""
    return QColor(_THEME_COLORS[kind][0])


def compute_contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.1, contrast ratio)."""

    def compute_luminance(color: QColor) -> float:
        parts = (part / 255 for part in color.getRgb()[:3])
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((compute_luminance(one), compute_luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix_colors(foreground: QColor, background: QColor, percent: int) -> QColor:
    """Return a colour with ``percent`` percent of ``foreground``, the rest ``background``."""
    pairs = zip(foreground.getRgb()[:3], background.getRgb()[:3], strict=True)
    return QColor(*((percent * i + (100 - percent) * p) // 100 for i, p in pairs))


def make_readable(foreground: QColor, background: QColor) -> QColor:
    """Return a text colour that is readable on a background.

    Where the contrast is below `_CHOSEN_CONTRAST`, the colour is mixed with black or white.
    """
    far = max((QColor("#FFFFFF"), QColor("#000000")), key=lambda color: compute_contrast(color, background))
    mixed = (mix_colors(foreground, far, percent) for percent in range(100, 0, -5))
    return next((color for color in mixed if compute_contrast(color, background) >= _CHOSEN_CONTRAST), far)


def get_background_color(in_field: bool = False) -> QColor:
    """Return the background of texts in dialogs, or with ``in_field`` that of fields and lists."""
    palette = QgsApplication.palette()
    if in_field:
        return palette.color(QPalette.ColorRole.Base)
    application = QgsApplication.instance()
    style_sheet = application.styleSheet() if isinstance(application, QApplication) else ""
    return _find_window_color(palette.cacheKey(), hash(style_sheet))


@lru_cache(maxsize=4)
def _find_window_color(_palette: int, _style_sheet: int) -> QColor:
    """Return the background colour of dialogs as drawn: a theme's style sheet may differ from its palette.

    The parameters identify the theme, by which the result is cached.
    """
    window = QDialog()
    window.resize(8, 8)
    return window.grab().toImage().pixelColor(4, 4)


def get_faint_color(in_field: bool = False) -> QColor:
    """Return the colour of secondary text: labels of rows, skipped rules, placeholders.

    ``in_field``: the text is in a field or list, not in a dialog.
    """
    role = QPalette.ColorRole.Text if in_field else QPalette.ColorRole.WindowText
    ground = get_background_color(in_field)
    return make_readable(mix_colors(QgsApplication.palette().color(role), ground, 65), ground)


def get_text_color(kind: str) -> QColor:
    """Return the colour of a text of a kind, such as ``error``, in dialogs of the current theme."""
    return make_readable(get_color(kind), get_background_color())


class _ThemeListener(QObject):
    """Calls a function once after a widget has received one or more of some events."""

    def __init__(self, widget: QWidget, action: Callable[[], None], events: tuple[QEvent.Type, ...]):
        super().__init__(widget)
        self._events = events
        # A widget of a closed window may be deleted by the garbage collection before its helpers.
        self._timer = QTimer(
            self, singleShot=True, interval=0, timeout=lambda: None if sip.isdeleted(widget) else action()
        )
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() in self._events:
            self._timer.start()
        return False


def call_after_theme_change(widget: QWidget, action: Callable[[], None], *further_events: QEvent.Type) -> None:
    """Call ``action`` when a new theme's palette is in force in a widget, and after the further events."""
    keep_alive(_ThemeListener(widget, action, (*THEME_EVENTS, *further_events)))


def _keep_painted(widget: QWidget, paint: Callable[[], None]) -> None:
    """Call ``paint``, which gives a widget its colours, now and whenever it may have those of the theme again."""
    keep_alive(_ThemeListener(widget, paint, _RESTYLE_EVENTS))
    paint()


def set_text_color(label: QLabel | QRadioButton, color: QColor) -> None:
    """Give a label or a radio button a colour, also while it is disabled.

    The colour is set by a style sheet, because style sheets of themes (Night Mapping) override the palette. The style
    sheet names the class of the widget, so that it does not apply to the tool tip.
    """
    sheet = f".{label.metaObject().className()} {{ color: {color.name()} }}"
    if label.styleSheet() != sheet:
        label.setStyleSheet(sheet)


def set_faint(label: _Labelled) -> _Labelled:
    """Give a label or a button the colour of secondary text, in every theme, and return it."""
    _keep_painted(label, lambda: set_text_color(label, get_faint_color()))
    return label


def set_placeholder(field: QLineEdit | QPlainTextEdit | QComboBox, text: str) -> None:
    """Set the text that an empty field shows, in a readable colour: that of QGIS's dark theme is not."""
    field.setPlaceholderText(text)
    if field.property("sanxianPlaceholder"):
        return
    field.setProperty("sanxianPlaceholder", True)

    def paint() -> None:
        # Readable in fields, and on the background of dialogs, which a disabled field may have.
        palette, color = field.palette(), get_faint_color(in_field=True)
        on_window = make_readable(color, get_background_color())
        if compute_contrast(on_window, get_background_color(in_field=True)) >= MIN_CONTRAST:
            color = on_window
        if palette.color(QPalette.ColorRole.PlaceholderText) != color:
            palette.setColor(QPalette.ColorRole.PlaceholderText, color)
            field.setPalette(palette)

    _keep_painted(field, paint)


def _get_link_color() -> QColor:
    """Return the colour of links on pages and in notices, whose background is that of fields and lists."""
    return make_readable(get_color("info"), get_background_color(in_field=True))


def make_link(target: str, text: str) -> str:
    """Return a link for a label as HTML, in a readable colour. ``text`` is plain text.

    Qt gives links the colour of the application's palette, which is too dark in QGIS's dark theme.
    """
    return f'<a href="{escape(target)}" style="color: {_get_link_color().name()}">{escape(text)}</a>'


def make_plain_tip(text: str) -> str:
    """Return a text for a tooltip that Qt shows as it is.

    Qt would take a name of the data that begins like a tag for rich text, and load pictures that it names.
    """
    return f"<qt>{escape(text).replace(chr(10), '<br>')}</qt>" if "<" in text else text


def set_page_colors(browser: QTextBrowser) -> None:
    """Give a text browser the colours of lists, because QGIS's dark theme gives it too little contrast."""

    def paint() -> None:
        palette = QgsApplication.palette()
        ink, paper = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
        sheet = f"QTextBrowser {{ color: {make_readable(ink, paper).name()}; background-color: {paper.name()} }}"
        if browser.styleSheet() != sheet:
            browser.setStyleSheet(sheet)
        browser.document().setDefaultStyleSheet(f"a {{ color: {_get_link_color().name()} }}")

    _keep_painted(browser, paint)


def load_icon(name: str) -> QIcon:
    """Return an icon of resources/icons in the colours of the theme."""
    themed = QIcon()
    for size in _ICON_SIZES_PX:
        themed.addPixmap(QPixmap.fromImage(_render_icon(name, size)))
        themed.addPixmap(QPixmap.fromImage(_render_icon(name, size, faint=True)), QIcon.Mode.Disabled)
    return themed


def set_icon(button: QAbstractButton, name: str) -> None:
    """Give a button an icon of the plugin, which follows the theme."""
    button.setIcon(load_icon(name))
    call_after_theme_change(button, lambda: button.setIcon(load_icon(name)))


def load_pixmap(name: str, size: int, ratio: float) -> QPixmap:
    """Return an icon as a pixmap, in the colours of the theme.

    ``size``: width and height in device-independent pixels; ``ratio``: device pixels per device-independent pixel.
    """
    return _make_pixmap(_render_icon(name, round(size * ratio)), ratio)


def load_map_pixmap(name: str, size: int, ratio: float) -> QPixmap:
    """Return an icon as a pixmap for the map, which is light in every theme; parameters as of `load_pixmap`."""
    path, pixels = str(ICONS_FOLDER / f"{name}.svg"), round(size * ratio)
    fill, line = get_map_color(_COLORED_ICONS[name]), QColor("#FFFFFF")
    return _make_pixmap(QgsApplication.svgCache().svgAsImage(path, pixels, fill, line, 1.0, 1.0)[0], ratio)


def _make_pixmap(image: QImage, ratio: float) -> QPixmap:
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _render_icon(name: str, pixels: int, faint: bool = False) -> QImage:
    palette = QgsApplication.palette()
    group = QPalette.ColorGroup.Disabled if faint else QPalette.ColorGroup.Active
    fill = line = palette.color(group, QPalette.ColorRole.WindowText)
    if name in _COLORED_ICONS and not faint:
        fill, line = get_color(_COLORED_ICONS[name]), palette.color(QPalette.ColorRole.Base)
    return QgsApplication.svgCache().svgAsImage(str(ICONS_FOLDER / f"{name}.svg"), pixels, fill, line, 1.0, 1.0)[0]


def get_kind_word(kind: str) -> str:
    """Return the translated name of a kind of findings, such as ERROR or waived, or of rules: skipped, crashed."""
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
