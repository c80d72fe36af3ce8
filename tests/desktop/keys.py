# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of QGIS with its default plugins beside ours, and ours pressed on the keyboard."""

from gui_driver import FACTS, open_sample, press_key, run_tour, save_picture, wait, wait_seconds
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction, QApplication, QDockWidget, QShortcut
from qgis.utils import active_plugins, iface


def steps():
    FACTS["plugins"] = sorted(active_plugins)
    FACTS["owners"] = owners()
    desk = open_sample()
    dock = desk.dock
    press_key("F8")
    wait(lambda: dock.result is not None, 90)
    FACTS["checked"] = dock.result is not None
    wait(lambda: not desk.busy, 90)
    press_key("F9")
    wait(lambda: dock.tree.current() is not None, 10)
    first = dock.tree.current()
    press_key("F9")
    wait(lambda: dock.tree.current() is not first, 10)
    FACTS["walked"] = dock.tree.current() is not first
    press_key("shift+F9")
    wait(lambda: dock.tree.current() is first, 10)
    FACTS["back"] = dock.tree.current() is first
    dock.tree.setFocus()
    wait_seconds(0.3)
    FACTS["help"] = opened("F1")
    dock.tree.setFocus()
    wait_seconds(0.3)
    FACTS["waive"] = opened("w")
    before = docks()
    press_key("ctrl+alt+r")
    wait(lambda: docks() - before, 5)
    FACTS["results_viewer"] = sorted(docks() - before)


def owners():
    """Key → who has it, of the whole main window."""
    window, found = iface.mainWindow(), {}
    for action in window.findChildren(QAction):
        for sequence in action.shortcuts():
            found.setdefault(sequence.toString(), []).append(action.objectName() or action.text())
    for shortcut in window.findChildren(QShortcut):
        found.setdefault(shortcut.key().toString(), []).append(shortcut.objectName() or "QShortcut")
    return found


def opened(combination):
    """The classes of the windows that a key opens; they are closed again. A modal one holds whoever opens it."""
    before, names = set(shown()), []

    def look():
        fresh = [w for w in shown() if w not in before]
        save_picture(f"key-{combination}")
        names.extend(type(w).__name__ for w in fresh)
        for one in fresh:
            one.close()

    QTimer.singleShot(2500, look)
    press_key(combination)
    wait_seconds(3.5)
    return names


def shown():
    return [w for w in QApplication.topLevelWidgets() if w.isVisible()]


def docks():
    return {d.objectName() for d in iface.mainWindow().findChildren(QDockWidget) if d.isVisible()}


run_tour(steps)
