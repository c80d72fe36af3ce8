# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts saved in the project: found again, and replaced only if unedited."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from qgis.core import QgsExpressionContextUtils, QgsPrintLayout, QgsProject, QgsReadWriteContext
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from ...core.base.errors import InputError
from ...core.standard.map_set import MapSpec, PageSize
from ...core.standard.messages.texts import Message
from ...core.standard.profile.document import LAYOUT_SOURCE, PROJECT_SOURCE, LoweredSecrecy
from ...core.standard.profile.profile_data import DocumentInfo, load_secrecy_levels
from .build import MAP_PROPERTY, SECRECY_VARIABLE, SHEET_PROPERTY, TOWNSHIPS_PROPERTY, LayoutBuilder

#: Digest of the layout when it was created.
_ORIGINAL_DIGEST_PROPERTY = "sanxian/made"
#: Attributes that QGIS changes by itself: they differ after a layout is read from a project.
_IGNORED_ATTRIBUTES = {"uuid", "templateUuid", "zValue", "worldFileMap", "printResolution", "name"}
#: The default of an attribute of texts, which QGIS with Qt 6 writes only after it has read the text from a project.
_DEFAULT_STRETCH = ("stretchFactor", "100")
#: Elements that depend on others, or on a window's state.
_IGNORED_ELEMENTS = {
    "LayoutObject",
    "Grid",
    "SnapSettings",
    "customproperties",
    "Guides",
    "custom-order",
    "filterByMaps",
}


@dataclass
class SaveLayoutsOutcome:
    """Outcome of saving layouts in the project.

    ``new_layout_names``: names of new or replaced layouts; ``kept_layout_names``: names of those kept because the user
    edited them; ``notes``: messages on lowered secrecy levels.
    """

    new_layout_names: list[str] = field(default_factory=list)
    kept_layout_names: list[str] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


def find_layout(
    project: QgsProject, map_spec: MapSpec, page_size: PageSize, by_township: bool
) -> QgsPrintLayout | None:
    """Return the project's layout of a map, even if the user edited or renamed it.

    The layout is found by its custom properties: map, page size, and whether it has a page per township. None without
    such a layout.
    """
    wanted_key = (map_spec.id, page_size.id, "1" if by_township else "")
    for layout in project.layoutManager().printLayouts():
        # An empty value is missing after reading it from a file.
        keys = (MAP_PROPERTY, SHEET_PROPERTY, TOWNSHIPS_PROPERTY)
        if tuple(str(layout.customProperty(key, "") or "") for key in keys) == wanted_key:
            return layout
    return None


def save_layouts(
    builder: LayoutBuilder,
    wanted_layouts: Iterable[tuple[MapSpec, PageSize, bool]],
    names_to_replace: Iterable[str] = (),
) -> SaveLayoutsOutcome:
    """Build layouts and save them in the project.

    ``wanted_layouts``: map, page size, and whether it has a page per township. A layout that the user edited is kept,
    unless its name is in ``names_to_replace``. Raise InputError, before any change, for a layout whose secrecy level
    would be lowered without a reason.
    """
    project, outcome, replaceable_names = builder.available_layers.project, SaveLayoutsOutcome(), set(names_to_replace)
    layouts_to_save = []
    for one, sheet, townships in wanted_layouts:
        old = find_layout(project, one, sheet, townships)
        if old is not None and is_layout_edited(old) and old.name() not in replaceable_names:
            outcome.kept_layout_names.append(old.name())
            continue
        if old is not None:
            outcome.notes += require_reason_for_lowered_secrecy(old, builder.document)
        layouts_to_save.append((one, sheet, townships, old))
    for one, sheet, townships, old in layouts_to_save:
        layout = builder.build_layout(one, sheet, by_township=townships)
        layout.setCustomProperty(_ORIGINAL_DIGEST_PROPERTY, _compute_layout_digest(layout))
        if old is not None:
            project.layoutManager().removeLayout(old)
        name, number = layout.name(), 2
        while project.layoutManager().layoutByName(layout.name()) is not None:
            layout.setName(f"{name} ({number})")
            number += 1
        project.layoutManager().addLayout(layout)
        outcome.new_layout_names.append(layout.name())
    return outcome


def is_layout_edited(layout: QgsPrintLayout) -> bool:
    """Return True if the user changed a layout, or if its origin is unknown."""
    return layout.customProperty(_ORIGINAL_DIGEST_PROPERTY, "") != _compute_layout_digest(layout)


def require_reason_for_lowered_secrecy(layout: QgsPrintLayout, info: DocumentInfo) -> list[Message]:
    """Return a message if ``info`` lowers a layout's secrecy level with a reason; an empty list if it does not.

    Raise InputError if it lowers the level without a reason.
    """
    layout_secrecy = str(QgsExpressionContextUtils.layoutScope(layout).variable(SECRECY_VARIABLE) or "")
    if not load_secrecy_levels().is_lower(info.secrecy, layout_secrecy):
        return []
    if not info.secrecy_reason:
        raise InputError("document_sheet_lowered", layout=layout.name(), above=layout_secrecy, secrecy=info.secrecy)
    return [LoweredSecrecy(layout_secrecy, LAYOUT_SOURCE, info.secrecy, PROJECT_SOURCE, info.secrecy_reason).message]


def _compute_layout_digest(layout: QgsPrintLayout) -> str:
    """Return a digest of a layout's XML, without the elements that QGIS changes by itself."""
    document = QDomDocument()
    lines = _list_content(layout.writeXml(document, QgsReadWriteContext()))
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def _list_content(element: QDomElement) -> list[str]:
    """Return the content of an element and its children, one line each.

    Attributes are sorted, because Qt writes them in any order.
    """
    dom_attributes = element.attributes()
    attributes = {
        dom_attributes.item(n).nodeName(): dom_attributes.item(n).nodeValue() for n in range(dom_attributes.count())
    }
    ignored_keys = _IGNORED_ATTRIBUTES
    if "legendFilterByAtlas" in attributes:
        # A legend's size follows from its content.
        ignored_keys = ignored_keys | {"size", "position", "positionOnPage", "symbolWidth", "symbolHeight"}
    kept = sorted(item for item in attributes.items() if item[0] not in ignored_keys and item != _DEFAULT_STRETCH)
    parts = [f"{key}={value}" for key, value in kept]
    lines = [" ".join([element.tagName(), *parts])]
    child = element.firstChild()
    while not child.isNull():
        if child.isText():
            lines.append(child.nodeValue().strip())
        elif child.isElement() and child.nodeName() not in _IGNORED_ELEMENTS:
            lines += _list_content(child.toElement())
        child = child.nextSibling()
    return lines
