# SPDX-License-Identifier: GPL-2.0-or-later
"""Sample county (打开示例县): a copy in the project, with symbols and forms.

It is a copy, because QGIS changes a GeoPackage as soon as an edit on it begins, saved or not.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)

from ...paths import SAMPLE_FOLDER
from ..editing import attribute_forms
from ..layers import styles
from ..layers.properties import get_file_path, set_assigned_role
from ..project import county
from ..texts import tr

if TYPE_CHECKING:
    from ...core.standard.profile import Norm

#: Group → layers from top to bottom: role, name in the tree, shown at first. Names are data of a Chinese county.
SAMPLE_GROUPS = (
    (
        "三条控制线",
        (
            ("CZKFBJ", "城镇开发边界", True),
            ("STBHHX", "生态保护红线", True),
            ("YJJBNTBHTB", "永久基本农田保护图斑", True),
        ),
    ),
    ("历史文化保护线", (("LSWHBHX", "历史文化保护线", True),)),
    ("规划分区", (("YDYHGHFQ", "用地用海规划分区", False),)),
    (
        "基础数据",
        (
            ("XZQX", "县级行政区", True),
            ("XZQXZ", "乡镇级行政区", True),
            ("GDBHMB", "耕地保护目标", False),
            ("YJJBNTCBQ", "永久基本农田储备区", False),
            ("DLTB", "地类图斑", True),
        ),
    ),
)
SAMPLE_PROFILE = "hunyuan"
SAMPLE_TITLE = "浑源县（示例）"
#: Stem of the file name of the first copy; a further one has a number.
SAMPLE_STEM = "county"
#: Role → field of the data year, which is appended to the layer's name.
_YEAR_FIELDS = {"DLTB": "SJNF"}
#: Layers with many classes of land use, collapsed in the tree.
_COLLAPSED_ROLES = ("DLTB", "YDYHGHFQ")
#: Scale factor of the extent shown, to leave a margin around the county.
_VIEW_MARGIN_FACTOR = 1.05
#: Bytes at the start of a GeoPackage that count its changes.
_SQLITE_HEADER_BYTES = 100


def copy_sample(folder: Path | None = None) -> Path:
    """Return the path of a copy of the sample database in a folder of the user.

    An unchanged copy that is not in use is reused, else a new one is made. An edited copy is never overwritten,
    replaced or deleted: the user may work with it.
    """
    folder = folder or Path(QgsApplication.qgisSettingsDirPath()) / "sanxian" / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    layers = QgsProject.instance().mapLayers().values()
    opened_files = {
        Path(get_file_path(layer)).resolve()
        for layer in layers
        if isinstance(layer, QgsVectorLayer) and layer.providerType() == "ogr"
    }
    target, number = folder / f"{SAMPLE_STEM}.gpkg", 2
    while target.exists():
        if target.resolve() not in opened_files and _is_unchanged(target):
            return target
        target, number = folder / f"{SAMPLE_STEM}-{number}.gpkg", number + 1
    shutil.copyfile(SAMPLE_FOLDER / "county.gpkg", target)
    return target


def explain_new_copy(path: Path) -> str:
    """Return a message that an earlier, changed copy remains; empty for the first copy."""
    if path.stem == SAMPLE_STEM:
        return ""
    text = tr(
        "This is a new copy, {file}. An earlier copy was changed; it stays, with its waivers and change records. "
        "To continue with it, open the saved project."
    )
    return text.format(file=path.name)


def _is_unchanged(path: Path) -> bool:
    """Return True if a copy has the same content as the sample database.

    A reverted edit changes only SQLite's header.
    """
    if path.with_name(path.name + "-wal").exists():
        return False
    return (
        path.read_bytes()[_SQLITE_HEADER_BYTES:] == (SAMPLE_FOLDER / "county.gpkg").read_bytes()[_SQLITE_HEADER_BYTES:]
    )


def load_sample(project: QgsProject, path: Path) -> list[QgsVectorLayer]:
    """Add the layers of a sample copy to the project, which should be empty; return them."""
    details = QgsProviderRegistry.instance().providerMetadata("ogr").querySublayers(str(path))
    layer_options = QgsVectorLayer.LayerOptions(project.transformContext())
    layer_options.loadDefaultStyle = False
    layer_by_role = {one.name(): QgsVectorLayer(one.uri(), one.name(), "ogr", layer_options) for one in details}
    loaded_layers = []
    try:
        from ...core.standard import load_standard
        from ...core.standard.profile import Norm, load_profile

        profile = load_profile(SAMPLE_PROFILE)
        norm = Norm(load_standard(profile.standard), profile)
    except ImportError:
        # A library is missing: the layers have plain forms.
        norm = None
    project.setCrs(next((layer.crs() for layer in layer_by_role.values()), QgsCoordinateReferenceSystem()))
    project.setTitle(SAMPLE_TITLE)
    for title, members in SAMPLE_GROUPS:
        present_members = [(role, name, is_visible) for role, name, is_visible in members if role in layer_by_role]
        if not present_members:
            continue
        group = project.layerTreeRoot().addGroup(title)
        for role, name, is_visible in present_members:
            loaded_layers.append(_add_layer(project, group, layer_by_role.pop(role), role, name, is_visible, norm))
    for role, layer in layer_by_role.items():
        loaded_layers.append(_add_layer(project, project.layerTreeRoot(), layer, role, layer.name(), True, norm))
    county.store_county_settings(project, county.ProjectCountySettings(profile=SAMPLE_PROFILE))
    return loaded_layers


def compute_sample_view(layers: list[QgsVectorLayer], project: QgsProject) -> QgsReferencedRectangle:
    """Return the extent of all layers with a margin, in the CRS of the project."""
    view = QgsRectangle()
    for layer in layers:
        transform = QgsCoordinateTransform(layer.crs(), project.crs(), project.transformContext())
        view.combineExtentWith(transform.transformBoundingBox(layer.extent()))
    view.scale(_VIEW_MARGIN_FACTOR)
    return QgsReferencedRectangle(view, project.crs())


def _add_layer(
    project: QgsProject,
    group: QgsLayerTreeGroup,
    layer: QgsVectorLayer,
    role: str,
    name: str,
    is_visible: bool,
    norm: Norm | None,
) -> QgsVectorLayer:
    field = _YEAR_FIELDS.get(role, "")
    index = layer.fields().lookupField(field) if field else -1
    values = layer.uniqueValues(index, 2) if index >= 0 else set()
    texts = [str(value) for value in values]
    year = texts[0] if len(texts) == 1 and re.fullmatch(r"\d{4}", texts[0]) else ""
    layer.setName(f"{name} {year}" if year else name)
    set_assigned_role(layer, role)
    styles.apply_role_style(layer, role)
    template = attribute_forms.find_matching_template(layer, role, norm.standard) if norm else None
    if norm and template:
        attribute_forms.apply_template_form(layer, template, norm)
    project.addMapLayer(layer, False)
    node: QgsLayerTreeLayer = group.addLayer(layer)
    node.setItemVisibilityChecked(is_visible)
    node.setExpanded(role not in _COLLAPSED_ROLES)
    return layer
