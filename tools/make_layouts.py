# SPDX-License-Identifier: GPL-2.0-or-later
"""Write resources/layouts/*.qpt, the empty map sheets, from maps.toml with classes of QGIS.

tools/run.sh python tools/make_layouts.py [folder]
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from pathlib import Path

os.environ.setdefault("QT_HASH_SEED", "0")  # fixes the order of attributes
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from qgis.core import QgsApplication, QgsReadWriteContext
from qgis.PyQt.QtXml import QDomDocument
from unify_colors import unify_colors

from plugin.bridge.layouts import frame
from plugin.core.standard import map_set
from plugin.paths import LAYOUTS_FOLDER


def save_template(layout, path: Path) -> None:
    """Write a QGIS layout as a template (.qpt); the same layout gives the same bytes."""
    document = QDomDocument()
    document.appendChild(layout.writeXml(document, QgsReadWriteContext()))
    text = document.toString(1)
    # Random ids are replaced, so that the same sheet gives the same bytes.
    found = dict.fromkeys(re.findall(r"\{[0-9a-f-]{36}\}", text))
    for n, name in enumerate(found):
        text = text.replace(name, f"{{{uuid.uuid5(uuid.NAMESPACE_OID, f'{path.stem}.{n}')}}}")
    path.write_text(unify_colors(text), encoding="utf-8", newline="\n")


def write_layouts(folder: Path) -> None:
    """Write one template for each page size of the plugin's map set."""
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in map_set.load_map_set().page_size_by_id.values():
        save_template(frame.make_layout_template(sheet), folder / f"{sheet.id}.qpt")


if __name__ == "__main__":
    application = QgsApplication([], True)
    application.initQgis()
    write_layouts(Path(sys.argv[1]) if len(sys.argv) > 1 else LAYOUTS_FOLDER)
