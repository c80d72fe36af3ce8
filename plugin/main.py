# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin class: provider, expression functions, translation and desktop side.

No heavy library is imported here: QGIS loads this module at every start, also without geopandas.
"""

import sys

from qgis.core import QgsApplication

from .algorithms.provider import SanxianProvider
from .bridge import texts
from .bridge.editing.expressions import ExpressionFunctions
from .bridge.settings import find_stored_connection
from .core.base.stored_connections import connection_finders


def remove_plugin_modules():
    """Remove those modules of the plugin from `sys.modules` that QGIS does not remove on a reload.

    QGIS removes only modules whose import it observed. Rules, fixes and some packages are imported otherwise; after an
    update of the plugin, their old code would remain loaded, and no rule would be registered.
    """
    top, _, inside = __name__.rpartition(".plugin.main")
    if not inside and top:
        own_modules = [n for n in sys.modules if n.startswith(f"{top}.plugin.")]
        for name in own_modules:
            if ".rules." in name or ".fixes." in name or hasattr(sys.modules[name], "__path__"):
                del sys.modules[name]


class SanxianPlugin:
    """The plugin object that QGIS creates.

    ``iface`` is None in qgis_process and QGIS Server; then only the provider and the expression functions are
    available.
    """

    def __init__(self, iface):
        self.iface = iface
        self.provider = None
        self.functions = None
        self.desktop = None
        self.translator = texts.install_translator()

    def initProcessing(self):
        """Register provider and functions; qgis_process calls only this method."""
        if self.provider is None:
            self.provider = SanxianProvider()
            QgsApplication.processingRegistry().addProvider(self.provider)
        if self.functions is None:
            self.functions = ExpressionFunctions()
            self.functions.register()
        connection_finders["QGIS"] = find_stored_connection

    def initGui(self):
        """Register provider and functions; on a desktop add menu, toolbar and panel."""
        self.initProcessing()
        if self.iface is None:
            return
        from .core.base.parallel.process_state import get_available_cores, set_thread_count
        from .gui.desktop_controller import DesktopController

        # Geometry operations use all cores but one, so that windows respond during a check.
        set_thread_count(get_available_cores() - 1)
        self.desktop = DesktopController(self.iface)

    def unload(self):
        """Undo initGui and initProcessing in reverse order."""
        if self.desktop is not None:
            self.desktop.unload()
            self.desktop = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        if self.functions is not None:
            self.functions.unregister()
            self.functions = None
        connection_finders.pop("QGIS", None)
        texts.remove_translator(self.translator)
        self.translator = None
        remove_plugin_modules()

    def open_sample(self):
        """打开示例县: open the sample county, for tools/open_sample.py."""
        if self.desktop is not None:
            self.desktop.open_sample()
