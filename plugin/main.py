# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin itself: wires provider, expression functions, translation and, on a desktop, menu, toolbar and docks.

Nothing heavy is imported here: QGIS loads it at every start, also where geopandas is missing.
"""

from __future__ import annotations

import sys

from qgis.core import QgsApplication

from .algorithms.provider import SanxianProvider
from .bridge import texts
from .bridge.editing.expressions import Functions


def forget_modules():
    """QGIS forgets the modules it saw imported, not the rules, which are found by discovery, nor packages of which only
    modules were imported by name.

    Left behind, they would belong to the old code: after an update, or a reload, no rule would be known.
    """
    top, _, inside = __name__.rpartition(".plugin.main")
    if not inside and top:
        ours = [n for n in sys.modules if n.startswith(f"{top}.plugin.")]
        for name in ours:
            if ".rules." in name or hasattr(sys.modules[name], "__path__"):
                del sys.modules[name]


class SanxianPlugin:
    """``iface`` is None in qgis_process and QGIS Server; then there are the provider and
    the expression functions, and nothing else."""

    def __init__(self, iface):
        self.iface = iface
        self.provider = None
        self.functions = None
        self.desk = None
        self.translator = texts.install_translator()

    def initProcessing(self):
        """QGIS calls it alone in qgis_process."""
        if self.provider is None:
            self.provider = SanxianProvider()
            QgsApplication.processingRegistry().addProvider(self.provider)
        if self.functions is None:
            self.functions = Functions()
            self.functions.register()

    def initGui(self):
        self.initProcessing()
        if self.iface is None:
            return
        from .gui.desk import Desk

        self.desk = Desk(self.iface)

    def unload(self):
        """Answers initGui and initProcessing, last first."""
        if self.desk is not None:
            self.desk.unload()
            self.desk = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        if self.functions is not None:
            self.functions.unregister()
            self.functions = None
        texts.remove_translator(self.translator)
        self.translator = None
        forget_modules()

    def open_sample(self):
        """打开示例县: for tools/desk.py and the menu."""
        if self.desk is not None:
            self.desk.open_sample()
