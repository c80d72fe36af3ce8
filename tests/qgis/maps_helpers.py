# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects for drawing maps, and readers of map files.

The readers are independent of the tested code.
"""

import re
import shutil
import struct
from pathlib import Path

from tests.qgis.helpers import SAMPLE, X, Y, make_square, make_table


def open_sample_project(folder: Path):
    """Open the sample county in a separate project, as the menu action does."""
    from qgis.core import QgsProject

    from plugin.bridge.new_project import sample

    copy = folder / "county.gpkg"
    shutil.copyfile(SAMPLE, copy)
    project = QgsProject()
    sample.load_sample(project, copy)
    return project


def make_builder(project, document=None, catalogue=None):
    from plugin.bridge.layers.role_recognition import list_plan_layers
    from plugin.bridge.layouts.build import LayoutBuilder
    from plugin.bridge.layouts.map_layers import collect_from_layers
    from plugin.bridge.project import county
    from plugin.core.standard import map_set as maps

    return LayoutBuilder(
        collect_from_layers(project, list_plan_layers(project), county.make_check_options(project)),
        catalogue or maps.load_map_set(),
        document,
    )


def get_symbol_labels_by_layer_title(legend):
    """Return title of each layer in a legend → labels of its symbols, both in the order of the legend."""
    labels_by_title = {}
    for node in legend.model().rootGroup().findLayers():
        if nodes := legend.model().layerLegendNodes(node):
            # The title is drawn; a node read from a project has its layer's name.
            title = str(node.customProperty("legend/title-label", "") or node.name())
            labels_by_title[title] = [str(one.data(0) or "") for one in nodes]
    return labels_by_title


def make_centre_layers():
    """Return the layers of a central urban area of 1 × 1 km.

    Its county has 10 × 10 km and two townships.
    """
    quarter = [make_square(x, y, 500, 500) for x in (4000, 4500) for y in (4000, 4500)]
    return {
        "XZQX": make_table([make_square(0, 0, 10_000, 10_000)], XZQDM=["140225"], XZQMC=["浑源县"]),
        "XZQXZ": make_table(
            [make_square(0, 0, 5000, 10_000), make_square(5000, 0, 5000, 10_000)],
            XZQDM=["140225100", "140225101"],
            XZQMC=["永安镇", "王庄堡镇"],
        ),
        "ZXCQFW": make_table([make_square(4000, 4000, 1000, 1000)], XZQDM=["140225"], XZQMC=["浑源县"]),
        "ZXCQXZYDYH": make_table(quarter, YDYHFLDM=["0701", "0901", "1401", "1701"]),
        "ZXCQGHYDYH": make_table(quarter, YDYHFLDM=["0701", "0804", "1401", "1701"]),
        "ZXCQGHFQ": make_table(quarter, GHFQDM=["410", "410", "420", "430"], GHFQMC=["", "", "", ""]),
        "ZXCQCSLX": make_table([make_square(4100, 4100, 100, 300)]),
        "ZXCQCSLVX": make_table([make_square(4600, 4600, 200, 200)]),
    }


def read_jfif_density(path: Path) -> tuple[int, int, int]:
    """Return unit (1: per inch), horizontal and vertical density of a JPEG."""
    data = path.read_bytes()
    start = data.index(b"JFIF\0")
    unit, x, y = struct.unpack(">BHH", data[start + 7 : start + 12])
    return unit, x, y


def read_jpg_size(path: Path) -> tuple[int, int]:
    """Return width and height of a JPEG in pixels, from its frame header."""
    data = path.read_bytes()
    place = 2
    while data[place + 1] not in (0xC0, 0xC1, 0xC2):
        place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
    height, width = struct.unpack(">HH", data[place + 5 : place + 9])
    return width, height


def is_complete_pdf(data: bytes) -> bool:
    """Return True if every offset of the PDF's cross-reference table is right."""
    table = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    assert data[table : table + 4] == b"xref"
    rows = re.findall(rb"(\d{10}) (\d{5}) ([nf])", data[table:])
    used = [(number, int(offset)) for number, (offset, _, kind) in enumerate(rows) if kind == b"n"]
    return bool(used) and all(data[o:].startswith(f"{number} 0 obj".encode()) for number, o in used)


__all__ = [
    "X",
    "Y",
    "is_complete_pdf",
    "make_builder",
    "make_centre_layers",
    "open_sample_project",
    "read_jfif_density",
    "read_jpg_size",
]
