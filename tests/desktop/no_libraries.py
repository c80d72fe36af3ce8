# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: load the plugin without geopandas.

The plugin shows what is missing, and everything that does not need the library works.
"""

from gui_driver import (
    FACTS,
    click,
    list_children,
    prepare_window_for_screenshots,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtWidgets import QDialog
from qgis.utils import iface, plugins


def run_steps_without_libraries():
    from sanxian.plugin.gui.county_form.profile_dialog import ProfileDialog
    from sanxian.plugin.gui.help.help_dialog import HelpDialog
    from sanxian.plugin.gui.project.roles_dialog import RolesDialog

    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    wait_seconds(0.6)
    FACTS["empty"] = controller.dock.empty.label.text()
    FACTS["buttons"] = [b.text() for b in controller.dock.empty.list_buttons()]
    controller.open_sample()
    wait_seconds(0.6)
    controller.start_check()
    wait(lambda: not controller.is_check_running)
    FACTS["after_run"] = controller.dock.empty.label.text()

    wait_for_map()
    click(controller.dock.empty.list_buttons()[0])
    assert wait(lambda: iface.mainWindow().findChild(QDialog, "SanxianDoctorDialog") is not None)
    dialog = iface.mainWindow().findChild(QDialog, "SanxianDoctorDialog")
    assert wait(lambda: dialog.report is not None, 60)
    save_picture("bare-doctor")
    FACTS["doctor"] = dialog.text()
    dialog.reject()
    for dialog in (RolesDialog, ProfileDialog, HelpDialog):
        made = dialog(QgsProject.instance()) if dialog is not HelpDialog else dialog("REL002")
        made.deleteLater()
    provider = QgsApplication.processingRegistry().providerById("sanxian")
    FACTS["algorithms"] = [a.id() for a in provider.algorithms()]
    FACTS["loaded"] = list_children()


run_tour(run_steps_without_libraries)
