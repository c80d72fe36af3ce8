# SPDX-License-Identifier: GPL-2.0-or-later
"""Test project layers that are copied, broken or without a role.

Stored county settings (县配置) apply.
"""

from dataclasses import replace

import pytest
from qgis.core import QgsProcessingException, QgsVectorLayer

from plugin.bridge.checking.check import check_project_or_folder
from plugin.bridge.layers import reading, role_recognition
from plugin.bridge.layers.properties import set_assigned_role
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.bridge.project import county
from plugin.core.base.errors import InputError
from plugin.core.plan.loading import recognition
from tests.qgis.helpers import Log, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")
THREE_LINES_RULES = "REL001,REL002,REL003"


def add_plan_layers(project, plan, *tables, **named):
    """Add layers with their templates to a project.

    ``named``: layer code → the layer's name.
    """
    made = {}
    for role, name in {**{t: t for t in tables}, **named}.items():
        made[role] = QgsVectorLayer(f"{plan}|layername={role}", name, "ogr")
        assert made[role].isValid()
        set_assigned_role(made[role], role)
    project.addMapLayers(made.values())
    return made


# --- copies


def test_check_plan_refuses_two_layers_of_one_role_and_names_them(small, project):
    copy = add_plan_layers(project, small, "YJJBNTBHTB", "STBHHX", "CZKFBJ")["STBHHX"].clone()
    copy.setName("STBHHX 副本")
    project.addMapLayer(copy)
    assert set(role_recognition.get_layer_id_by_assigned_role(project)) == {"YJJBNTBHTB", "CZKFBJ"}
    assert role_recognition.recognise_layers(
        role_recognition.read_layer_schemas(project), county.make_check_options(project)
    ).repeated_roles == ["STBHHX"]
    with pytest.raises(QgsProcessingException, match=r"两个图层均可识别为 STBHHX：.*“STBHHX 副本”"):
        run_algorithm("check_plan", {"RULES": THREE_LINES_RULES})
    role_recognition.assign_role(project, "STBHHX", copy)
    assert role_recognition.get_layer_id_by_assigned_role(project)["STBHHX"] == copy.id()


def test_check_of_project_layers_raises_an_error_for_two_layers_of_one_role(small, project):
    project.addMapLayer(add_plan_layers(project, small, "YJJBNTBHTB", "STBHHX")["STBHHX"].clone())
    with pytest.raises(InputError, match="two_layers_one_role"):
        check_project_or_folder(
            [take_snapshot(v) for v in role_recognition.list_plan_layers(project)], county.make_check_options(project)
        )


# --- broken layers


def test_project_layer_that_cannot_be_opened_is_logged_and_the_others_are_checked(small, project, tmp_path):
    add_plan_layers(project, small, "YJJBNTBHTB", "STBHHX")
    broken = QgsVectorLayer(str(tmp_path / "搬走 了.gpkg"), "历史文化保护线", "ogr")
    set_assigned_role(broken, "LSWHBHX")
    project.addMapLayer(broken)
    assert set(role_recognition.get_layer_id_by_assigned_role(project)) == {"YJJBNTBHTB", "STBHHX"}
    log = Log()
    result = run_algorithm("check_plan", {"RULES": "REL001,REL002"}, log)
    assert (result["ERRORS"], result["SKIPPED"]) == (1, 1)
    messages = [line for line in log.lines if "历史文化保护线" in line]
    assert messages[0].startswith("图层“历史文化保护线”无法打开（搬走 了.gpkg）") and str(tmp_path) not in messages[0]
    checked = check_project_or_folder(
        [take_snapshot(v) for v in role_recognition.list_plan_layers(project)], county.make_check_options(project)
    )
    assert messages[0] in checked.report.provenance["notices"]


# --- layers without a role


def test_unrecognised_project_layers_are_logged_and_not_read(small, project, monkeypatch):
    add_plan_layers(project, small, "YJJBNTBHTB", STBHHX="画的线")
    project.addMapLayer(QgsVectorLayer("Polygon?crs=EPSG:4526&field=A:string", "影像索引", "memory"))
    read = []
    real = reading.read_snapshot
    monkeypatch.setattr(reading, "read_snapshot", lambda shot, **more: read.append(shot.name) or real(shot, **more))
    log = Log()
    assert run_algorithm("check_plan", {"RULES": "REL001"}, log)["ERRORS"] == 1
    assert sorted(read) == ["YJJBNTBHTB", "画的线"]
    assert any("未识别" in line and "影像索引" in line for line in log.lines)


@pytest.mark.parametrize("given", ["画的线", "小 县.gpkg/画的线"])
def test_layer_given_by_the_roles_parameter_is_read_whatever_its_name(small, project, given):
    add_plan_layers(project, small, "YJJBNTBHTB")
    project.addMapLayer(QgsVectorLayer(f"{small}|layername=STBHHX", "画的线", "ogr"))
    assert run_algorithm("check_plan", {"RULES": "REL001", "ROLES": f"STBHHX={given}"})["ERRORS"] == 1


# --- 县配置


def test_check_plan_without_source_uses_the_county_settings_of_the_project(small, project):
    add_plan_layers(project, small, "YJJBNTBHTB", "STBHHX", "CZKFBJ")
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan", scope="three_lines"))
    log = Log()
    run_algorithm("check_plan", {"RULES": THREE_LINES_RULES}, log)
    assert log.lines[0] == "留空的参数取自工程的县配置：PROFILE=hunyuan, SCOPE=three_lines。"
    log = Log()
    run_algorithm("check_plan", {"RULES": THREE_LINES_RULES, "PROFILE": "shanxi", "SCOPE": "county"}, log)
    assert not any("取自工程" in line for line in log.lines)
    county.store_county_settings(project, county.ProjectCountySettings(profile="没有"))
    with pytest.raises(QgsProcessingException, match="县配置“没有”不存在"):
        run_algorithm("check_plan", {"RULES": THREE_LINES_RULES})
    assert run_algorithm("check_plan", {"SOURCE": str(small), "RULES": THREE_LINES_RULES})["ERRORS"] == 1


def test_layer_role_stored_in_the_project_takes_precedence_over_a_layer_name(small, project):
    made = add_plan_layers(project, small, "YJJBNTBHTB", STBHHX="画的线")
    project.addMapLayer(QgsVectorLayer(f"{small}|layername=STBHHX", "STBHHX", "ogr"))
    assert run_algorithm("check_plan", {"RULES": "REL001"})["ERRORS"] == 1
    assert run_algorithm("check_plan", {"RULES": "REL001", "LAYERS": [made["YJJBNTBHTB"]]})["SKIPPED"] == 1


# --- missing layers


def test_scope_of_the_check_decides_which_missing_layers_are_listed_as_mandatory(project, monkeypatch):
    standard = county.make_check_options(project).resolve_norm().standard
    lines = standard.scopes["three_lines"].mandatory_concepts
    outlines = [role_recognition.LayerSchema("a", "STBHHX", "", ())]

    def list_missing_concepts(**options_given):
        options = replace(county.make_check_options(project), **options_given)
        return [concept for concept, _ in role_recognition.recognise_layers(outlines, options).missing_concepts]

    assert list_missing_concepts() == [c for c in lines if c != "red_line"]
    assert set(list_missing_concepts(scope="county")) > set(list_missing_concepts())
    county_layers = role_recognition.recognise_layers(
        outlines, replace(county.make_check_options(project), scope="county")
    )
    assert county_layers.missing_name_by_role["XZQC"] == "村级行政区"
    with pytest.raises(InputError, match="scope_unknown"):
        list_missing_concepts(scope="没有")
    monkeypatch.setattr(recognition, "choose_scope", lambda norm, roles, wanted="": "county")
    assert list_missing_concepts() == list_missing_concepts(scope="county")
