# SPDX-License-Identifier: GPL-2.0-or-later
"""Stand-in for QGIS in a run with Qt 6: ``qgis.PyQt`` is the real PyQt6, the names of QGIS are empty.

Every other name, and every attribute of it, is a class that accepts all arguments. Only what windows ask QGIS for while
they are made is written out.
"""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import PyQt6
from PyQt6 import QtGui, QtWidgets, sip
from PyQt6.QtCore import QObject, QSettings, Qt, pyqtProperty, pyqtSignal
from PyQt6.QtSvg import QSvgRenderer


def _get_attribute(owner, name):
    if name.startswith("__"):
        raise AttributeError(name)
    made = _Empty(name, (_EmptyObject,), {})
    setattr(owner, name, made)
    return made


class _Empty(type):
    """The class of empty classes."""

    __getattr__ = _get_attribute


def _get_attribute_of_class(instance, name):
    return _get_attribute(type(instance), name)


class _EmptyObject(metaclass=_Empty):
    def __new__(cls, *_arguments, **_properties):
        return super().__new__(cls)

    __getattr__ = _get_attribute_of_class


class _OfQt(sip.wrappertype):
    """The class of classes that QGIS derives from those of Qt."""

    __getattr__ = _get_attribute


class _EmptyModule(ModuleType):
    __path__ = ()
    __getattr__ = _get_attribute


class QgsApplication(QtWidgets.QApplication, metaclass=_OfQt):
    def __init__(self, arguments, _has_gui):
        super().__init__(arguments)

    def initQgis(self):
        pass

    def translation(self):
        return "zh_CN"

    @staticmethod
    def scaleIconSize(pixels, _is_in_dock=False):
        return pixels

    @classmethod
    def svgCache(cls):
        return cls

    @staticmethod
    def svgAsImage(path, pixels, fill, line, *_sizes):
        image = QtGui.QImage(pixels, pixels, QtGui.QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(0)
        svg = re.sub(r'param\(fill\)[^"]*', fill.name(), Path(path).read_text(encoding="utf-8"))
        painter = QtGui.QPainter(image)
        QSvgRenderer(re.sub(r'param\(outline\)[^"]*', line.name(), svg).encode()).render(painter)
        painter.end()
        return image, True


class QgsCheckableComboBox(QtWidgets.QComboBox):
    checkedItemsChanged = pyqtSignal(list)
    defaultText = pyqtProperty(str, lambda self: "", lambda self, text: None)

    def __init__(self, *parents, **properties):
        super().__init__(*parents, **properties)
        self.model().itemChanged.connect(lambda _item: self.checkedItemsChanged.emit(self.checkedItems()))

    def addItemWithCheckState(self, text, state, data=None):
        self.addItem(text, data)
        self.setItemCheckState(self.count() - 1, state)

    def setItemCheckState(self, row, state):
        self.model().item(row).setCheckState(state)

    def deselectAllOptions(self):
        for row in range(self.count()):
            self.setItemCheckState(row, Qt.CheckState.Unchecked)

    def _list_checked_rows(self):
        items = [self.model().item(row) for row in range(self.count())]
        return [item.row() for item in items if item.checkState() == Qt.CheckState.Checked]

    def checkedItems(self):
        return [self.itemText(row) for row in self._list_checked_rows()]

    def checkedItemsData(self):
        return [self.itemData(row) for row in self._list_checked_rows()]


class QgsFilterLineEdit(QtWidgets.QLineEdit):
    cleared = pyqtSignal()
    showSearchIcon = pyqtProperty(bool, lambda self: True, lambda self, is_shown: None)
    showClearButton = pyqtProperty(bool, lambda self: True, lambda self, is_shown: None)


for _name in ("QtCore", "QtGui", "QtWidgets", "QtXml", "QtSvg", "QtNetwork", "QtPrintSupport", "QtTest", "sip"):
    sys.modules[f"qgis.PyQt.{_name}"] = importlib.import_module(f"PyQt6.{_name}")
sys.modules["qgis.PyQt"] = PyQt6
for _name in ("processing", "processing.gui", "processing.gui.wrappers"):
    sys.modules[_name] = _EmptyModule(_name)
core, gui, analysis, utils = _MODULES = [_EmptyModule(f"qgis.{name}") for name in ("core", "gui", "analysis", "utils")]
sys.modules |= {module.__name__: module for module in _MODULES}
core.QgsApplication, core.QgsSettings, core.NULL, utils.iface = QgsApplication, QSettings, None, None
gui.QgsCheckableComboBox, gui.QgsFilterLineEdit = QgsCheckableComboBox, QgsFilterLineEdit
for _module, _name, _base in (
    (core, "QgsTask", QObject),
    (core, "QgsProject", QObject),
    (core, "QgsLocatorFilter", QObject),
    (gui, "QgsMapTool", QObject),
    (gui, "QgsMapCanvas", QtWidgets.QWidget),
    (gui, "QgsMessageBar", QtWidgets.QWidget),
    (gui, "QgsMapLayerComboBox", QtWidgets.QComboBox),
    (gui, "QgsScrollArea", QtWidgets.QScrollArea),
    (gui, "QgsDockWidget", QtWidgets.QDockWidget),
):
    setattr(_module, _name, _OfQt(_name, (_base,), {"__getattr__": _get_attribute_of_class}))
