# SPDX-License-Identifier: GPL-2.0-or-later
"""Public maps and the public PDF of a check: without hidden layers, grids, coordinates and georeference."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from qgis.core import (
    QgsLayerTreeLayer,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemMapGrid,
    QgsProject,
    QgsVectorLayer,
)

from plugin.bridge.layouts import saved_layouts
from plugin.bridge.layouts.export import MapExportOrder, export_maps as run_order
from plugin.bridge.layouts.public_maps import NotPublic, make_public_builder
from plugin.core.base.errors import InputError
from plugin.core.standard import map_set as maps
from plugin.core.standard.profile import DocumentInfo
from tests.core.render.public_edition.public_files import find_coordinates, read_file_texts
from tests.qgis.helpers import make_square, make_table, run_algorithm, write_small
from tests.qgis.maps_helpers import make_builder, make_centre_layers

MAPS = maps.load_map_set()
A3 = MAPS.page_size_by_id["A3"]
UTILITIES, SERVICES = "ZXCQSZGYSSX", "ZXCQGGFWSSM"
#: The map item is drawn at 60 dpi: the tests read layouts and files, not pixels.
DPI = 60


@pytest.fixture(scope="module")
def builder(qgis_app, tmp_path_factory):
    """Return a builder for a small county with utilities, which are on the list of the public edition."""
    from shapely.geometry import LineString

    folder = tmp_path_factory.mktemp("浑源 县")
    square = make_square(4200, 4200, 300, 300)
    tables = {
        **make_centre_layers(),
        SERVICES: make_table([make_square(4400, 4400, 100, 100)], MC=["医院"]),
        UTILITIES: make_table([LineString(square.exterior.coords)]),
    }
    project = QgsProject()
    for role, table in tables.items():
        path = folder / f"{role}.gpkg"
        table.to_file(path, layer=role, driver="GPKG")
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={role}", role, "ogr"))
    return make_builder(project, DocumentInfo("公开", "浑源县人民政府", "", "2026年11月"))


def make_order(folder, public, *ids, **more):
    chosen = tuple(maps.select_maps(MAPS, list(ids)))
    return MapExportOrder(maps=chosen, page_size=A3, target_folder=folder, dpi=DPI, public=public, **more)


def list_maps(layout):
    return [item for item in layout.items() if isinstance(item, QgsLayoutItemMap)]


def test_public_layout_has_no_grid_no_crs_and_no_hidden_layer(builder):
    spec = MAPS.map_by_id["centre_utilities"]
    internal = builder.build_layout(spec, A3)
    assert any(item.grids().size() for item in list_maps(internal))
    assert UTILITIES in {layer.name() for item in list_maps(internal) for layer in item.layers()}
    assert any("高斯" in one.currentText() for one in internal.items() if isinstance(one, QgsLayoutItemLabel))
    public_builder, public = make_public_builder(builder, "zh")
    assert public_builder.available_layers.find_missing_input(spec) is not None
    public.make_public(internal, spec, builder, is_saved=True)
    assert not any(item.grids().size() for item in list_maps(internal))
    assert UTILITIES not in {layer.name() for item in list_maps(internal) for layer in item.layers()}
    texts = [one.currentText() for one in internal.items() if isinstance(one, QgsLayoutItemLabel)]
    assert "公开版不注" in texts and not any(re.search("高斯|中央经线|2000国家", text) for text in texts)
    record = public.record
    assert (
        sum(map(len, record.layer_names.values())) == 1
        and record.counts["grids"] >= 1
        and record.counts["crs_texts"] == 1
    )


@pytest.mark.parametrize("listed", [frozenset(), frozenset(("MC",))], ids=["by default", "field on the list"])
def test_public_layout_has_labels_of_typed_texts_only_from_fields_on_the_list(builder, listed):
    spec = MAPS.map_by_id["centre_services"]
    _, public = make_public_builder(builder, "zh")
    public.edition = replace(public.edition, text_fields=listed)
    layout = builder.build_layout(spec, A3)
    item, layer = layout.itemById("map"), builder.available_layers.roles[SERVICES]
    labels = 'labelsEnabled="1"><text-style fieldName="&quot;MC&quot;"/>'
    item.setLayerStyleOverrides(item.layerStyleOverrides() | {layer.id(): labels})
    public.make_public(layout, spec, builder, is_saved=False)
    assert (item.layerStyleOverrides()[layer.id()] == labels) is bool(listed)
    assert public.record.counts["texts MC"] == (0 if listed else layer.featureCount())


def test_public_export_writes_maps_and_a_page_on_what_was_left_out(builder, tmp_path):
    public_builder, public = make_public_builder(builder, "zh")
    outcome = run_order(public_builder, make_order(tmp_path, public, "centre_services", "centre_utilities"))
    assert {one.id: reason.key for one, reason in outcome.not_made} == {"centre_utilities": "public_layers"}
    stem = "140225浑源县12中心城区公共服务设施规划图（公开版）"
    names = {f"{stem}.jpg", f"{stem}.pdf", "140225浑源县公开版说明.html"}
    assert {path.name for path in tmp_path.iterdir()} == names == {path.name for path in outcome.written_files}
    assert not re.search(rb"/(Measure|GPTS|LGIDict)\b", (tmp_path / f"{stem}.pdf").read_bytes())
    page = read_file_texts(tmp_path / "140225浑源县公开版说明.html")
    assert "12 中心城区公共服务设施规划图" in page and "坐标网" in page and UTILITIES not in page


def test_public_export_without_public_maps_leaves_existing_files(builder, tmp_path):
    old = tmp_path / "140225浑源县13中心城区市政公用设施规划图.jpg"
    old.write_bytes(b"old")
    public_builder, public = make_public_builder(builder, "zh")
    limited = replace(public, edition=replace(public.edition, largest_scale=1e6))
    outcome = run_order(public_builder, make_order(tmp_path, limited, "centre_services", "centre_utilities"))
    assert {reason.key for _, reason in outcome.not_made} == {"public_layers", "public_scale"}
    assert outcome.written_files == [] and outcome.exported_maps == [] and [*tmp_path.iterdir()] == [old]


def test_public_export_refuses_world_files_and_other_secrecy_levels(builder, tmp_path):
    public_builder, public = make_public_builder(builder, "zh")
    with pytest.raises(InputError) as caught:
        run_order(public_builder, make_order(tmp_path, public, "centre_services", writes_world_file=True))
    assert caught.value.key == "public_world_file" and [*tmp_path.iterdir()] == []
    internal = make_builder(builder.available_layers.project, DocumentInfo("内部"))
    with pytest.raises(InputError) as caught:
        make_public_builder(internal, "zh")
    assert caught.value.key == "public_secrecy"


@pytest.mark.parametrize("change", ["foreign layer", "unlocked", "table"])
def test_layout_that_cannot_be_searched_is_not_public(builder, change):
    from qgis.core import QgsLayoutItemAttributeTable, QgsLayoutFrame  # noqa: I001

    spec = MAPS.map_by_id["centre_services"]
    public_builder, public = make_public_builder(builder, "zh")
    layout = public_builder.build_layout(spec, A3)
    item = layout.itemById("map")
    foreign = QgsVectorLayer("Point?crs=EPSG:4526", "影像", "memory")
    if change == "foreign layer":
        item.setLayers([foreign, *item.layers()])
    elif change == "unlocked":
        item.setKeepLayerSet(False)
    else:
        table = QgsLayoutItemAttributeTable(layout)
        layout.addMultiFrame(table)
        table.addFrame(QgsLayoutFrame(layout, table))
    with pytest.raises(NotPublic) as caught:
        public.make_public(layout, spec, public_builder, is_saved=True)
    keys = {"foreign layer": "public_unknown_layer", "unlocked": "public_not_locked", "table": "public_item"}
    assert caught.value.reason.key == keys[change]


def test_saved_layout_loses_grid_and_labels_with_coordinates(builder):
    spec = MAPS.map_by_id["centre_services"]
    project = builder.available_layers.project
    saved_layouts.save_layouts(builder, [(spec, A3, False)])
    layout = saved_layouts.find_layout(project, spec, A3, False).clone()
    item = layout.itemById("map")
    item.grids().addGrid(QgsLayoutItemMapGrid("公里网", item))
    labels = {}
    for number, text in enumerate(
        ("[% x_min(map_get(item_variables('map'), 'map_extent')) %]", "X=4384500.00 Y=454500.00", "东经113°41′", "审定")
    ):
        labels[text] = QgsLayoutItemLabel(layout)
        labels[text].setText(text)
        labels[text].setId(f"label {number}")
        layout.addLayoutItem(labels[text])
    public_builder, public = make_public_builder(builder, "zh")
    public.make_public(layout, spec, public_builder, is_saved=True)
    assert [one.text() for one in labels.values()] == ["", "", "", "审定"]
    assert item.grids().size() == 0 and public.record.counts["labels"] == 3


def test_public_layout_shows_no_zone_and_no_label_of_the_crs(builder):
    spec = MAPS.map_by_id["centre_services"]
    public_builder, public = make_public_builder(builder, "zh")
    layout = public_builder.build_layout(spec, A3)
    labels = {}
    texts = (
        "中央子午线 114°",
        "3 度带",
        "EPSG：4526",
        "TM 114°E",
        f"见{builder.available_layers.crs.description()}",
        "审定",
    )
    for text in texts:
        labels[text] = QgsLayoutItemLabel(layout)
        labels[text].setText(text)
        layout.addLayoutItem(labels[text])
    public.make_public(layout, spec, public_builder, is_saved=False)
    assert [one.text() for one in labels.values()] == ["", "", "", "", "", "审定"]


def test_public_legend_has_no_empty_group_and_no_text_that_discloses(builder):
    spec = MAPS.map_by_id["centre_utilities"]
    layout = builder.build_layout(spec, A3)
    legend = next(one for one in layout.items() if isinstance(one, QgsLayoutItemLegend))
    layers = builder.available_layers.roles
    root = legend.model().rootGroup()
    root.clear()
    legend.setTitle("图例 [% @map_crs %]")
    root.addGroup("管线（涉密）").addGroup("给水").addLayer(layers[UTILITIES])
    root.addGroup("X=4384500.00 Y=454500.00").insertChildNode(0, QgsLayerTreeLayer(layers[SERVICES]))
    kept = root.addGroup("公共服务")
    kept.addLayer(layers[SERVICES]).setCustomProperty("legend/title-label", "中央经线 114°")
    name = layers[SERVICES].name()
    _, public = make_public_builder(builder, "zh")
    public.make_public(layout, spec, builder, is_saved=True)
    groups = [one.name() for one in legend.model().rootGroup().findGroups(True)]
    assert groups == ["", "公共服务"] and legend.title() == ""
    nodes = legend.model().rootGroup().findLayers()
    assert len(nodes) == 2 and layers[SERVICES].name() == name
    assert all("经线" not in str(one.customProperty("legend/title-label", "")) for one in nodes)
    assert nodes[1].name() == ""


def test_record_counts_a_map_with_pages_by_township_once(builder):
    spec = MAPS.map_by_id["centre_utilities"]
    _, public = make_public_builder(builder, "zh")
    counts = []
    for _ in range(2):
        layout = builder.build_layout(spec, A3)
        label = QgsLayoutItemLabel(layout)
        label.setText("东经113°41′")
        layout.addLayoutItem(label)
        public.make_public(layout, spec, builder, is_saved=False)
        counts.append(dict(public.record.counts))
    assert counts[0] == counts[1] and counts[0]["grids"] and counts[0]["labels"] == counts[0]["crs_texts"] == 1
    assert sum(map(len, public.record.layer_names.values())) == 1


def test_former_public_files_of_maps_that_are_not_public_any_more_are_named(builder, tmp_path):
    former = tmp_path / "140225浑源县13中心城区市政公用设施规划图（公开版）.pdf"
    for path in (former, tmp_path / "140225浑源县13中心城区市政公用设施规划图.pdf"):
        path.write_bytes(b"old")
    public_builder, public = make_public_builder(builder, "zh")
    limited = replace(public, edition=replace(public.edition, largest_scale=1e6))
    outcome = run_order(public_builder, make_order(tmp_path, limited, "centre_services", "centre_utilities"))
    notes = [one for one in outcome.notes if one.key == "public_former_files"]
    assert [one.params["files"] for one in notes] == [former.name] and former.read_bytes() == b"old"


@pytest.mark.usefixtures("provider", "project")
def test_check_plan_writes_a_public_pdf_and_page(tmp_path):
    """The PDF is read by pdftotext, where it is installed; it has the same texts as the Word document."""
    source = write_small(tmp_path / "small.gpkg")
    files = {kind: str(tmp_path / f"公开.{kind}") for kind in ("pdf", "html", "docx", "json")}
    parameters = {f"OUTPUT_{kind.upper()}": path for kind, path in files.items()}
    result = run_algorithm("check_plan", {"SOURCE": str(source), "PUBLIC": True, **parameters})
    assert "公开版略去" in result["LEFT_OUT"]
    for kind in ("html", "docx", "json"):
        text = read_file_texts(tmp_path / f"公开.{kind}")
        assert find_coordinates(text) == [] and "small.gpkg" not in text
        assert ("public_edition" if kind == "json" else "公开版说明") in text
    if shutil.which("pdftotext"):
        run = subprocess.run(["pdftotext", files["pdf"], "-"], capture_output=True, check=True)
        text = run.stdout.decode("utf-8")
        assert "公开版说明" in text and find_coordinates(text) == [] and "4526" not in text


@pytest.mark.usefixtures("provider", "project")
def test_check_plan_refuses_a_public_layer_of_findings(tmp_path):
    from qgis.core import QgsProcessingException

    source = write_small(tmp_path / "small.gpkg")
    with pytest.raises(QgsProcessingException, match=r"问题图层|layer of findings"):
        run_algorithm(
            "check_plan",
            {"SOURCE": str(source), "PUBLIC": True, "OUTPUT_FINDINGS": str(tmp_path / "findings.gpkg")},
        )
    assert not (tmp_path / "findings.gpkg").exists()
