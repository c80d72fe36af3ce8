# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin where its modules cannot be imported: 环境自检 lists what to install, nothing else works."""

import platform

from qgis.core import Qgis, QgsMessageLog
from qgis.PyQt.QtCore import Qt, qVersion
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout

from .bridge import texts
from .bridge.texts import tr
from .paths import ICONS_FOLDER


class UnusablePlugin:
    """The plugin without what it needs: a menu entry and a message with what to install.

    ``iface`` is None in qgis_process, where the message is logged; ``lack``: names of what is missing.
    """

    def __init__(self, iface, lack):
        self.iface, self.lack = iface, lack
        self.action = None
        self.translator = texts.install_translator()

    def initProcessing(self):
        """Log what to install; QGIS calls this method in qgis_process."""
        QgsMessageLog.logMessage(self.make_message(), "Sanxian", Qgis.MessageLevel.Critical, False)

    def initGui(self):
        """Add the menu entry and show a warning."""
        self.initProcessing()
        if self.iface is None:
            return
        icon = QIcon(str(ICONS_FOLDER / "sanxian.svg"))
        self.action = QAction(icon, tr("Environment Check…"), self.iface.mainWindow())
        self.action.setObjectName("SanxianActionDoctor")
        self.action.triggered.connect(self.show_message)
        self.iface.addPluginToMenu(tr("Sanxian"), self.action)
        bar = self.iface.messageBar()
        text = tr("No check can run without {lack}. Plugins ▸ Sanxian ▸ Environment Check… lists what to install.")
        message = bar.createMessage(tr("Sanxian"), text.format(lack=self.lack))
        button = QPushButton(tr("Environment Check…"), message)
        button.clicked.connect(self.show_message)
        message.layout().addWidget(button)
        bar.pushWidget(message, Qgis.MessageLevel.Warning)

    def unload(self):
        """Remove the menu entry and the translation."""
        if self.action is not None:
            self.iface.removePluginMenu(tr("Sanxian"), self.action)
            self.action.deleteLater()
            self.action = None
        texts.remove_translator(self.translator)
        self.translator = None

    def show_message(self):
        """环境自检: show the message in a dialog."""
        dialog = QDialog(self.iface.mainWindow())
        dialog.setObjectName("SanxianDoctorDialog")
        dialog.setWindowTitle(tr("Environment Check"))
        label = QLabel(self.make_message())
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(dialog)
        layout.addWidget(label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(dialog.reject)
        layout.addWidget(buttons)
        dialog.resize(dialog.fontMetrics().averageCharWidth() * 90, dialog.sizeHint().height())
        dialog.exec()

    def make_message(self):
        """Return a text with the installed versions, what is missing, and how to install it."""
        lines = [
            f"QGIS {Qgis.version()}",
            f"Qt {qVersion()}",
            f"Python {platform.python_version()}",
            "",
            tr("No check can run without {lack}.").format(lack=self.lack),
            describe_remedy(platform.system()) if self.lack.startswith("Python") else describe_libraries(),
        ]
        return "\n".join(lines)


def describe_libraries():
    """Return a text on how to install libraries."""
    from .bridge.settings import get_interface_language
    from .core.cli.doctor.libraries import describe_library_installation
    from .core.standard.messages.texts import Texts

    return describe_library_installation(Texts(get_interface_language()))


def describe_remedy(system):
    """Return a text on how to install a QGIS with a newer Python; ``system``: result of `platform.system`."""
    if system == "Windows":
        return tr("Install QGIS 3.40 LTR or later with the official installer; it brings its own Python and geopandas.")
    if system == "Darwin":
        return tr(
            "Install QGIS 3.40 or later from conda-forge (Miniforge): conda create -n qgis -c conda-forge qgis "
            "geopandas pyogrio"
        )
    return tr("Install QGIS 3.40 or later from a distribution with Python 3.11 or later, as Debian 13 or Ubuntu 25.10.")
