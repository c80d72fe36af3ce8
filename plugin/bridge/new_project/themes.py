# SPDX-License-Identifier: GPL-2.0-or-later
"""Map themes of a project (地图主题), from the standard's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsMapThemeCollection, QgsProject

from ...core.standard.arrangement import theme_roles
from ...core.standard.arrangement import themes as themes_of
from ..layers.properties import template_id
from ..layers.recognise import plan_layers

if TYPE_CHECKING:
    from ...core.standard import Standard


def make(project: QgsProject, standard: Standard) -> list[str]:
    """Set the standard's themes, each with the layers that the project has; answers their names.

    Themes of the same name are made anew, others stay. One that would show nothing is left out.
    """
    by_role = {template_id(layer): layer for layer in plan_layers(project) if template_id(layer)}
    themes, made = project.mapThemeCollection(), []
    for theme in themes_of(standard):
        roles = theme_roles(theme, standard, by_role)
        if not roles:
            continue
        record = QgsMapThemeCollection.MapThemeRecord()
        for role in roles:
            one = QgsMapThemeCollection.MapThemeLayerRecord(by_role[role])
            one.isVisible = True
            one.usingCurrentStyle = True
            one.currentStyle = by_role[role].styleManager().currentStyle()
            record.addLayerRecord(one)
        themes.insert(theme.name, record)
        made.append(theme.name)
    return made
