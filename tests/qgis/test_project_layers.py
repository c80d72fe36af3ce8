# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a project as they come: copied, broken, playing no part; and the 县配置 kept with them."""

import pytest
from qgis.core import QgsProcessingException, QgsVectorLayer

from plugin.bridge import county, recognise, roles
from plugin.bridge.layers import set_template
from plugin.core.errors import InputError
from tests.qgis.helpers import run

pytestmark = pytest.mark.usefixtures("provider", "project")
THREE_LINES = "REL001,REL002,REL003"


def add(project, plan, *tables, **named):
    """Role → layer, each with its template; ``named``: role → the layer's name."""
    made = {}
    for role, name in {**{t: t for t in tables}, **named}.items():
        made[role] = QgsVectorLayer(f"{plan}|layername={role}", name, "ogr")
        assert made[role].isValid()
        set_template(made[role], role)
    project.addMapLayers(made.values())
    return made


# --- copies


def test_a_copied_layer_gives_no_choice_but_a_question(small, project):
    layers = add(project, small, "YJJBNTBHTB", "STBHHX", "CZKFBJ")
    copy = layers["STBHHX"].clone()
    copy.setName("STBHHX 副本")
    project.addMapLayer(copy)
    assert set(roles.chosen(project)) == {"YJJBNTBHTB", "CZKFBJ"}
    assert recognise.recognise(recognise.outlines(project), county.options(project)).twice == ["STBHHX"]
    with pytest.raises(QgsProcessingException, match=r"两个图层都像是 STBHHX：.*“STBHHX 副本”"):
        run("check_plan", {"RULES": THREE_LINES})
    roles.choose(project, "STBHHX", copy)
    assert roles.chosen(project)["STBHHX"] == copy.id()


def test_the_panel_asks_too(small, project):
    from plugin.bridge.check import check
    from plugin.bridge.layers import snapshot

    layers = add(project, small, "YJJBNTBHTB", "STBHHX")
    project.addMapLayer(layers["STBHHX"].clone())
    with pytest.raises(InputError, match="two_layers_one_role"):
        check([snapshot(v) for v in recognise.plan_layers(project)], county.options(project))
