# SPDX-License-Identifier: GPL-2.0-or-later
"""Test creating a county project: database, forms, map themes, bookmarks.

Each part is tested in the new project and after reading its file.
"""

import shutil
import zipfile
from pathlib import Path

import pytest
import shapely
from qgis.core import (
    NULL,
    Qgis,
    QgsProject,
    QgsReferencedRectangle,
    QgsVectorLayer,
    edit,
)

from plugin.bridge.layers.properties import get_assigned_role
from plugin.bridge.new_project import assemble, layer_extent
from plugin.bridge.new_project.assemble import NewProjectRequest, create_project_database
from plugin.core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled, OutputError
from plugin.core.standard import load_standard
from plugin.core.standard.layer_tree import list_branches
from tests.qgis.helpers import X, Y, digest_files, draw_feature, make_square

STANDARD = load_standard()
CHOSEN_ROLES = tuple(role for b in list_branches(STANDARD) if b.is_chosen for role in b.roles)
LAYER_GROUPS = ["三条控制线", "历史文化保护线", "其他底线", "规划分区", "基础数据"]


def make_project_request(folder, suffix=".gpkg", **more):
    given = {
        "standard": "county_db",
        "county_code": "140225",
        "county_name": "浑源县",
        "crs": "EPSG:4526",
        "roles": CHOSEN_ROLES,
        "database_path": folder / f"浑源县规划{suffix}",
        "project_path": folder / "浑源县规划.qgz",
        "profile": "hunyuan",
        "extent_degrees": (113.37, 39.36, 113.97, 39.88),
        **more,
    }
    return NewProjectRequest(**given)


def build_project(request, norm):
    project = QgsProject()
    for _ in assemble.build_project_in_steps(project, request, norm):
        pass
    return project


def create_project(wanted):
    reported = []
    made = create_project_database(wanted, lambda share, text: reported.append((share, text)), NEVER_CANCELLED)
    assert [share for share, _ in reported] == sorted(share for share, _ in reported) and reported[0][0] == 0
    return build_project(wanted, made)


def reopen_project(path):
    project = QgsProject()
    assert project.read(str(path)), project.error()
    return project, {get_assigned_role(layer): layer for layer in project.mapLayers().values()}


def test_new_project_has_no_macro_and_its_layers_run_no_code(functions, tmp_path):
    request = make_project_request(tmp_path, roles=("CZKFBJ", "STBHHX"))
    create_project(request)
    project, layers = reopen_project(request.project_path)
    assert project.readEntry("Macros", "/pythonCode")[0] == "" and len(layers) == 2
    for layer in layers.values():
        assert layer.editFormConfig().initCodeSource() == Qgis.AttributeFormPythonInitCodeSource.NoSource
        assert layer.actions().actions() == []
    with zipfile.ZipFile(request.project_path) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".qgs")]
        assert "<pythonCode" not in archive.read(name).decode()


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_new_county_project_moved_with_its_database_reopens_with_all_chosen_layers_and_groups(
    functions, tmp_path, suffix
):
    folder = tmp_path / "浑源 县"
    folder.mkdir()
    create_project(make_project_request(folder, suffix))
    assert sorted(p.name for p in folder.iterdir()) == sorted(["浑源县规划.qgz", f"浑源县规划{suffix}"])
    # A project that is moved with its database finds it.
    moved = tmp_path / "别处"
    shutil.move(folder, moved)
    project, layers = reopen_project(moved / "浑源县规划.qgz")
    assert set(layers) == set(CHOSEN_ROLES) and all(layer.isValid() for layer in layers.values())
    assert all(Path(layer.source().split("|")[0]).parent == moved for layer in layers.values())
    assert [g.name() for g in project.layerTreeRoot().children()] == LAYER_GROUPS
    lines = project.layerTreeRoot().findGroup("三条控制线")
    assert [n.name() for n in lines.children()] == [
        "城镇开发边界",
        "生态保护红线",
        "永久基本农田保护图斑",
        "耕地保护目标",
    ]
    assert lines.children()[0].itemVisibilityChecked()
    assert not project.layerTreeRoot().findLayer(layers["YDYHGHFQ"].id()).itemVisibilityChecked()
    assert project.crs().authid() == "EPSG:4526" and project.ellipsoid() == project.crs().ellipsoidAcronym() != "NONE"
    assert project.title() == "浑源县国土空间总体规划"
    assert project.readEntry("sanxian", "profile")[0] == "hunyuan"
    snapping = project.snappingConfig()
    assert snapping.enabled() and snapping.mode() == Qgis.SnappingMode.AllLayers and snapping.tolerance() == 10
    assert snapping.typeFlag() == Qgis.SnappingType.Vertex | Qgis.SnappingType.Segment
    assert project.topologicalEditing()
    view = project.viewSettings().defaultViewExtent()
    assert view.contains(X, Y) and view.width() == pytest.approx(51_500, rel=0.05)
    assert (
        layers["CZKFBJ"].renderer().type() != "singleSymbol"
        or layers["CZKFBJ"].renderer().symbol().symbolLayerCount() > 1
    )


def test_map_themes_of_a_new_project_show_the_layers_of_their_topic(functions, tmp_path):
    create_project(make_project_request(tmp_path))
    project, layers = reopen_project(tmp_path / "浑源县规划.qgz")
    themes = project.mapThemeCollection()
    assert sorted(themes.mapThemes()) == sorted(["三条控制线", "规划分区", "历史文化", "用地"])
    shown = {name: set(themes.mapThemeVisibleLayerIds(name)) for name in themes.mapThemes()}
    frame = {layers["XZQX"].id(), layers["XZQXZ"].id()}
    assert shown["三条控制线"] == frame | {layers[r].id() for r in ("CZKFBJ", "STBHHX", "YJJBNTBHTB")}
    assert shown["规划分区"] == frame | {layers["YDYHGHFQ"].id()}
    assert shown["历史文化"] == frame | {layers["LSWHBHX"].id()}
    assert shown["用地"] == frame | {layers["DLTB"].id()}


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_features_drawn_in_a_new_project_get_the_county_defaults(functions, project, tmp_path, suffix):
    create_project(make_project_request(tmp_path, suffix))
    assert project.read(str(tmp_path / "浑源县规划.qgz"))
    layers = {get_assigned_role(layer): layer for layer in project.mapLayers().values()}
    boundary = layers["CZKFBJ"]
    boundary.startEditing()
    drawn = draw_feature(boundary, make_square(0, 0), GHFQDM="410")
    assert (drawn["BSM"], drawn["GHFQMC"]) == ("140225000000000001", "城镇集中建设区")
    assert (drawn["XZQDM"], drawn["XZQMC"]) == ("140225", "浑源县")
    assert drawn["MJ"] == pytest.approx(10_000, rel=1e-3) and drawn["MJ"] != 10_000
    assert boundary.commitChanges(), boundary.commitErrors()
    assert [f["BSM"] for f in boundary.getFeatures()] == ["140225000000000001"]


def test_new_project_can_be_made_by_the_three_lines_standard_of_2022(functions, project, tmp_path):
    """Create a project of another standard, with its layers, tree and themes."""
    standard = load_standard("three_lines_2022")
    chosen = tuple(role for b in list_branches(standard) if b.is_chosen for role in b.roles)
    wanted = make_project_request(tmp_path, standard="three_lines_2022", roles=chosen, profile="")
    create_project(wanted)
    assert project.read(str(wanted.project_path)) and project.readEntry("sanxian", "standard")[0] == "three_lines_2022"
    assert [g.name() for g in project.layerTreeRoot().children()] == ["三条控制线", "基础数据"]
    assert sorted(project.mapThemeCollection().mapThemes()) == ["三条控制线", "用地"]
    layers = {get_assigned_role(layer): layer for layer in project.mapLayers().values()}
    assert set(layers) == set(chosen) == set(standard.groups["three_lines"].roles)
    boundary = layers["CZKFBJ"]
    boundary.startEditing()
    assert draw_feature(boundary, make_square(0, 0))["BSM"] == "140225000000000001"
    boundary.rollBack()


def test_new_project_can_be_made_for_a_county_outside_the_county_list(functions, project, tmp_path):
    wanted = make_project_request(
        tmp_path, county_code="610724", county_name="西乡县", crs="EPSG:4545", profile="", extent_degrees=None
    )
    create_project(wanted)
    assert project.read(str(wanted.project_path)) and project.title() == "西乡县国土空间总体规划"
    boundary = next(v for v in project.mapLayers().values() if get_assigned_role(v) == "CZKFBJ")
    boundary.startEditing()
    drawn = draw_feature(boundary, shapely.box(500_000, 3_650_000, 500_100, 3_650_100))
    assert (drawn["BSM"], drawn["XZQDM"], drawn["XZQMC"]) == ("610724000000000001", "610724", "西乡县")
    boundary.rollBack()
    # 应用图层表单 without a county profile keeps the county's values.
    from plugin.bridge.editing import attribute_forms
    from plugin.bridge.project import county

    attribute_forms.apply_forms_to_project(
        project, {"CZKFBJ": boundary.id()}, county.make_check_options(project).resolve_norm()
    )
    boundary.startEditing()
    assert draw_feature(boundary, shapely.box(500_000, 3_650_000, 500_100, 3_650_100))["XZQMC"] == "西乡县"
    boundary.rollBack()


def test_drawing_avoids_overlaps_in_layers_with_a_template_that_forbids_them(functions, project, tmp_path):
    create_project(make_project_request(tmp_path))
    assert project.read(str(tmp_path / "浑源县规划.qgz"))
    layers = {get_assigned_role(layer): layer for layer in project.mapLayers().values()}
    modes = Qgis.AvoidIntersectionsMode
    assert project.avoidIntersectionsMode() == modes.AllowIntersections
    assemble.apply_overlap_setting(project, layers["CZKFBJ"])
    assert project.avoidIntersectionsMode() == modes.AvoidIntersectionsCurrentLayer
    assemble.apply_overlap_setting(project, None)
    assert project.avoidIntersectionsMode() == modes.AvoidIntersectionsCurrentLayer
    assemble.apply_overlap_setting(project, layers["LSWHBHX"])
    assert project.avoidIntersectionsMode() == modes.AllowIntersections
    # An existing project of the user keeps its settings.
    other = QgsProject()
    other.setAvoidIntersectionsMode(modes.AvoidIntersectionsLayers)
    assemble.apply_overlap_setting(other, layers["CZKFBJ"])
    assert other.avoidIntersectionsMode() == modes.AvoidIntersectionsLayers


def test_bookmarks_are_updated_when_townships_are_drawn_or_renamed(functions, project, tmp_path):
    create_project(make_project_request(tmp_path))
    follower = layer_extent.BookmarkUpdater()
    follower.start(project)
    assert project.read(str(tmp_path / "浑源县规划.qgz"))
    layer = layer_extent.find_township_layer(project)
    assert get_assigned_role(layer) == "XZQXZ" and layer_extent.update_bookmarks(project) == 0
    with edit(layer):
        draw_feature(layer, make_square(0, 0, 5000, 4000), XZQMC="永安镇", XZQDM="140225100")
        draw_feature(layer, make_square(9000, 0, 1000, 1000), XZQMC="永安镇", XZQDM="140225100")
        draw_feature(layer, make_square(0, 9000), XZQMC="西坊城镇", XZQDM="140225101")
        draw_feature(layer, make_square(0, 12_000), XZQDM="140225102")
    manager = project.bookmarkManager()
    marks = {b.name(): b for b in manager.bookmarks()}
    assert set(marks) == {"永安镇", "西坊城镇"} and {b.group() for b in marks.values()} == {"乡镇"}
    box = marks["永安镇"].extent()
    assert isinstance(box, QgsReferencedRectangle) and box.crs().authid() == "EPSG:4526"
    assert (box.xMinimum(), box.xMaximum(), box.yMaximum()) == (X, X + 10_000, Y + 4000)
    # A bookmark renamed by the user stays; that of a removed township is removed.
    with edit(layer):
        layer.deleteFeatures([f.id() for f in layer.getFeatures() if f["XZQMC"] in ("西坊城镇", NULL)])
    assert [b.name() for b in manager.bookmarks()] == ["永安镇"]
    follower.stop()
    with edit(layer):
        layer.deleteFeatures(layer.allFeatureIds())
    assert len(manager.bookmarks()) == 1
    assert layer_extent.update_bookmarks(project) == 0 and not manager.bookmarks()


def test_new_project_keeps_or_extends_an_existing_database_as_chosen(functions, tmp_path):
    wanted = make_project_request(tmp_path, roles=("CZKFBJ",))
    create_project(wanted)
    before = {p.name: digest_files(p) for p in tmp_path.iterdir()}
    with pytest.raises(OutputError, match="project_exists"):
        create_project(wanted)
    with pytest.raises(OutputError, match="output_exists"):
        create_project(make_project_request(tmp_path, roles=("CZKFBJ",), may_replace_project=True))
    assert {p.name: digest_files(p) for p in tmp_path.iterdir()} == before
    layer = QgsVectorLayer(f"{wanted.database_path}|layername=CZKFBJ", "b", "ogr")
    with edit(layer):
        draw_feature(layer, make_square(0, 0), BSM="140225000000000007")
    del layer
    create_project(
        make_project_request(
            tmp_path, roles=("CZKFBJ", "STBHHX"), existing_database_action="add", may_replace_project=True
        )
    )
    _, layers = reopen_project(wanted.project_path)
    assert set(layers) == {"CZKFBJ", "STBHHX"} and layers["CZKFBJ"].featureCount() == 1
    create_project(
        make_project_request(tmp_path, roles=("STBHHX",), existing_database_action="replace", may_replace_project=True)
    )
    assert set(reopen_project(wanted.project_path)[1]) == {"STBHHX"}


def test_cancelled_project_creation_leaves_no_file(functions, tmp_path):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        create_project_database(make_project_request(tmp_path), lambda share, text: None, Cancellation(cancelled))
    assert len(asked) == 4 and not list(tmp_path.iterdir())


def test_project_file_that_cannot_be_written_leaves_the_previous_one_unchanged(functions, tmp_path, monkeypatch):
    wanted = make_project_request(tmp_path, roles=("CZKFBJ",))
    create_project(wanted)
    before = digest_files(wanted.project_path)
    again = make_project_request(
        tmp_path, roles=("CZKFBJ",), existing_database_action="replace", may_replace_project=True
    )
    made = create_project_database(again, lambda share, text: None, NEVER_CANCELLED)
    monkeypatch.setattr(QgsProject, "write", lambda self, path: False)
    with pytest.raises(OutputError, match="refused"):
        build_project(again, made)
    assert digest_files(wanted.project_path) == before and len(list(tmp_path.iterdir())) == 2


def test_new_project_file_contains_no_absolute_path(functions, tmp_path):
    create_project(make_project_request(tmp_path))
    with zipfile.ZipFile(tmp_path / "浑源县规划.qgz") as archive:
        inside = {name: archive.read(name).decode("utf-8") for name in archive.namelist() if name.endswith(".qgs")}
    assert len(inside) == 1
    assert str(tmp_path) not in next(iter(inside.values()))
