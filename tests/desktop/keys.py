# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: list the shortcuts of QGIS and press those of the plugin."""

from gui_driver import FACTS, open_sample, press_key, run_tour, save_picture, wait, wait_seconds
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction, QApplication, QDockWidget, QShortcut
from qgis.utils import active_plugins, iface


def run_shortcut_steps():
    FACTS["plugins"] = sorted(active_plugins)
    FACTS["owners"] = map_shortcuts()
    controller = open_sample()
    dock = controller.dock
    press_key("F8")
    wait(lambda: dock.result is not None, 90)
    FACTS["checked"] = dock.result is not None
    wait(lambda: not controller.is_check_running, 90)
    press_key("F9")
    wait(lambda: dock.tree.get_selected_finding() is not None, 10)
    first = dock.tree.get_selected_finding()
    press_key("F9")
    wait(lambda: dock.tree.get_selected_finding() is not first, 10)
    FACTS["walked"] = dock.tree.get_selected_finding() is not first
    press_key("shift+F9")
    wait(lambda: dock.tree.get_selected_finding() is first, 10)
    FACTS["back"] = dock.tree.get_selected_finding() is first
    dock.tree.setFocus()
    wait_seconds(0.3)
    FACTS["help"] = list_opened_dialogs("F1")
    dock.tree.setFocus()
    wait_seconds(0.3)
    FACTS["waive"] = list_opened_dialogs("w")
    before = list_docks()
    press_key("ctrl+alt+r")
    wait(lambda: list_docks() - before, 5)
    FACTS["results_viewer"] = sorted(list_docks() - before)
    press_ambiguous_shortcut()


def press_ambiguous_shortcut():
    """Press a key of two actions, so that the warning of Qt appears once and only for this key."""
    window = iface.mainWindow()
    actions = [QAction(name, window) for name in ("one", "two")]
    for action in actions:
        action.setShortcut("Ctrl+Alt+Shift+Y")
        window.addAction(action)
    window.activateWindow()
    wait_seconds(0.3)
    press_key("ctrl+alt+shift+y")
    wait_seconds(1)
    for action in actions:
        window.removeAction(action)


def map_shortcuts():
    """Map each shortcut of the main window to the actions that use it."""
    window, found = iface.mainWindow(), {}
    for action in window.findChildren(QAction):
        for sequence in action.shortcuts():
            found.setdefault(sequence.toString(), []).append(action.objectName() or action.text())
    for shortcut in window.findChildren(QShortcut):
        found.setdefault(shortcut.key().toString(), []).append(shortcut.objectName() or "QShortcut")
    return found


def list_opened_dialogs(combination):
    """Return the classes of the windows that a key opens, and close them.

    A modal window blocks the code that opens it, so a timer reads and closes it.
    """
    before, names = set(list_visible_dialogs()), []

    def note_dialogs():
        fresh = [w for w in list_visible_dialogs() if w not in before]
        save_picture(f"key-{combination}")
        names.extend(type(w).__name__ for w in fresh)
        for one in fresh:
            one.close()

    QTimer.singleShot(2500, note_dialogs)
    press_key(combination)
    wait_seconds(3.5)
    return names


def list_visible_dialogs():
    return [w for w in QApplication.topLevelWidgets() if w.isVisible()]


def list_docks():
    return {d.objectName() for d in iface.mainWindow().findChildren(QDockWidget) if d.isVisible()}


run_tour(run_shortcut_steps)
