# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the layer form follows a field changed in a template file (TOML).

Creation, rules, dictionary and export name are tested in tests/core.
"""

import shutil

import pytest
from pyproj import CRS
from qgis.core import QgsVectorLayer

from plugin.bridge.editing.attribute_forms import apply_template_form
from plugin.core.exchange.create import create_database
from plugin.core.standard import load_standard
from plugin.core.standard.profile import Norm, load_profile
from plugin.paths import STANDARDS_FOLDER

pytestmark = pytest.mark.usefixtures("provider", "project")
FIELD_TOML = 'name = "GHFQMC"\nalias = "规划分区名称"\ntype = "text"\nlength = 50\n'


def read_form(standard, path):
    """Return the field's form settings in a database made from the standard."""
    create_database(
        path, standard.list_templates_of_groups(["zones"]), CRS.from_epsg(4526), code_lists=standard.code_lists
    )
    layer = QgsVectorLayer(f"{path}|layername=YDYHGHFQ", "YDYHGHFQ", "ogr")
    apply_template_form(layer, standard.templates["YDYHGHFQ"], Norm(standard, load_profile("hunyuan")))
    index = layer.fields().indexOf("GHFQMC")
    setup = layer.editorWidgetSetup(index)
    default = layer.defaultValueDefinition(index).expression()
    return layer.attributeAlias(index), setup.type(), setup.config(), layer.constraintExpression(index), default


def test_alias_length_and_code_list_changed_in_a_layer_template_appear_in_the_layer_form(tmp_path):
    def read_form_of_field(field):
        folder = tmp_path / f"标准 {len(list(tmp_path.iterdir()))}"
        shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
        file = folder / "templates" / "YDYHGHFQ.toml"
        text = file.read_text(encoding="utf-8").replace('code_name = "GHFQMC"\n', "")
        assert FIELD_TOML in text
        file.write_text(text.replace(FIELD_TOML, field), encoding="utf-8")
        return read_form(load_standard(str(folder)), folder / "库.gpkg")

    alias, kind, _, rule, default = read_form_of_field(FIELD_TOML)
    assert (alias, kind, default) == ("规划分区名称", "TextEdit", "") and "<= 50" in rule
    alias, kind, _, rule, _ = read_form_of_field(FIELD_TOML.replace("规划分区名称", "分区的名称").replace("50", "66"))
    assert (alias, kind) == ("分区的名称", "TextEdit") and "<= 66" in rule
    _, kind, config, rule, default = read_form_of_field(FIELD_TOML + 'codes = "terrace"\ndefault = "TT"\n')
    assert kind != "TextEdit" and "坡地" in str(config) + rule and "'PD'" in rule and default == "'TT'"
