# SPDX-License-Identifier: GPL-2.0-or-later
"""Map sheets: contents, sizes, texts, and independence from later changes."""

import subprocess
import sys

import geopandas as gpd
import pyogrio
import pytest
import shapely
from qgis.core import (
    QgsFillSymbol,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsPrintLayout,
    QgsProject,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

from plugin.bridge.layouts import export, frame, legend, saved_layouts
from plugin.bridge.layouts.build import format_crs
from plugin.core.errors import DataError, InputError
from plugin.core.profile import DocumentInfo
from plugin.core.standard import load_standard
from plugin.core.standard import map_set as maps
from plugin.paths import LAYOUTS
from tests.qgis.helpers import ROOT, SAMPLE, X, make_square, write_small
from tests.qgis.helpers import make_frame as table
from tests.qgis.maps_helpers import make_builder, make_centre_layers, open_sample_project

MAPS = maps.load_map_set()
COUNTY_MAPS = [m.id for m in MAPS.maps.values() if m.scope == "county"]
ITEMS = (
    "border plan title number secrecy map north north_name locator locator_title legend legend_title scale scale_bar note "
    "maker drawer crs date approval"
).split()
INFO = DocumentInfo("内部", "浑源县人民政府", "浑源县自然资源局", "2026年11月", "晋S(2026)001号")


@pytest.fixture(scope="module")
def builder(qgis_app, tmp_path_factory):
    return make_builder(open_sample_project(tmp_path_factory.mktemp("布局")), INFO)


@pytest.fixture(scope="module")
def sheets(builder):
    """Return each map of the county on A3."""
    return {one: builder.build(MAPS.maps[one], MAPS.sheets["A3"]) for one in COUNTY_MAPS}


def text(layout, item):
    return layout.itemById(item).currentText()


# --- the data
def test_sheets_equal_the_generated_files(tmp_path):
    subprocess.run([sys.executable, ROOT / "tools" / "make_layouts.py", tmp_path], check=True, capture_output=True)

    def words(path):
        return sorted(path.read_text(encoding="utf-8").replace(">", " ").replace("/", " ").split())

    for sheet in MAPS.sheets:
        made, kept = tmp_path / f"{sheet}.qpt", LAYOUTS / f"{sheet}.qpt"
        assert words(made) == words(kept), "tools/run.sh python tools/make_layouts.py"


def test_sheets_contain_no_paths_of_this_machine():
    for sheet in MAPS.sheets:
        text = (LAYOUTS / f"{sheet}.qpt").read_text(encoding="utf-8")
        assert str(ROOT) not in text and "/home" not in text and "/tmp" not in text


@pytest.mark.parametrize(
    "old, new, key",
    [
        ("number = 2", "number = 1", "map.number"),
        ('id = "zones"', 'id = "heritage"', "map.id"),
        ('look = "full"', 'look = "fulll"', "look"),
        ('scope = "centre"', 'scope = "town"', "scope"),
        ("need = true", "needed = true", "layers"),
        ("{title}", "{titel}", "file_name"),
        ("fill = 0.97", "", "fill"),
    ],
)
def test_an_error_in_the_map_set_is_named(tmp_path, old, new, key):
    own = tmp_path / "maps.toml"
    own.write_text(maps.MAPS.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as error:
        maps.load_map_set(own)
    assert str(own) in str(error.value.params) and key in str(error.value.params)


def test_maps_are_chosen_by_id_or_number():
    assert [m.id for m in maps.chosen_maps(MAPS, ["zones", "1"])] == ["land_use", "zones"]
    with pytest.raises(InputError, match="map_unknown"):
        maps.chosen_maps(MAPS, ["no_such"])


@pytest.mark.parametrize("least, scale", [(206_000, 220_000), (250_000, 250_000), (9_990, 10_000), (81_000, 90_000)])
def test_scales_are_round(least, scale):
    assert MAPS.round_scale(least) == scale


# --- what is on a sheet
@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_every_required_map_element_is_present(sheets, one):
    layout = sheets[one]
    assert all(layout.itemById(item) is not None for item in ITEMS)
    assert text(layout, "title") == MAPS.maps[one].title
    assert text(layout, "plan") == "浑源县国土空间总体规划（2021—2035年）"
    assert text(layout, "number") == f"图号 {MAPS.maps[one].number:02d}"
    assert text(layout, "secrecy") == "密级：内部"
    assert [text(layout, i) for i in ("maker", "drawer", "date")] == [
        "浑源县人民政府",
        "浑源县自然资源局",
        "2026年11月",
    ]
    assert text(layout, "approval") == ""
    assert text(layout, "crs") == "2000国家大地坐标系\n高斯—克吕格投影　中央经线114°"


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_the_printed_scale_is_that_of_the_map(sheets, one):
    item = sheets[one].itemById("map")
    # Computed independently of QGIS: metres on the ground by metres on paper.
    ratio = item.extent().width() / (item.rect().width() / 1000)
    assert text(sheets[one], "scale") == "比例尺 1:220 000" and ratio == pytest.approx(220_000, rel=1e-6)
    bar = sheets[one].itemById("scale_bar")
    assert bar.unitLabel() == "km" and bar.linkedMap() is item
    assert bar.rect().width() <= frame.BAR_WIDTH


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_the_county_is_complete_and_centred(sheets, one):
    west, south, east, north = pyogrio.read_info(SAMPLE, layer="XZQX")["total_bounds"]
    extent = sheets[one].itemById("map").extent()
    assert extent.xMinimum() < west and east < extent.xMaximum()
    assert extent.yMinimum() < south and north < extent.yMaximum()
    assert extent.center().x() == pytest.approx((west + east) / 2, abs=1)
    assert extent.center().y() == pytest.approx((south + north) / 2, abs=1)


@pytest.mark.parametrize("sheet, size", [("A3", (420, 297)), ("A0", (1189, 841))])
def test_the_page_has_its_size_and_holds_its_items(builder, sheet, size):
    layout = builder.build(MAPS.maps["three_lines"], MAPS.sheets[sheet])
    page = layout.pageCollection().page(0)
    assert (page.pageSize().width(), page.pageSize().height()) == size
    for item in ITEMS:
        place = layout.itemById(item).sceneBoundingRect()
        assert place.left() >= 0 and place.top() >= 0 and place.right() <= size[0] and place.bottom() <= size[1], item


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_the_legend_stays_in_its_frame(sheets, one):
    # Paint first: QGIS computes the size of a legend when it paints it.
    image = QgsLayoutExporter(sheets[one]).renderPageToImage(0, QSize(), 100)
    assert not image.isNull()
    room = sheets[one].itemById("legend_frame").sceneBoundingRect()
    assert room.adjusted(-0.2, -0.2, 0.2, 0.2).contains(sheets[one].itemById("legend").sceneBoundingRect())
    assert sheets[one].itemById("legend").rect().height() < 0.99 * room.height()


def test_a_long_name_is_shrunk_not_cut(builder, monkeypatch):
    long = "积石山保安族东乡族撒拉族自治县大河家镇"
    monkeypatch.setattr(MAPS.maps["zones"].__class__, "title", property(lambda self: long * 2), raising=False)
    layout = builder.build(MAPS.maps["land_use"], MAPS.sheets["A3"])
    label = layout.itemById("title")
    assert label.currentText() == long * 2
    assert label.sizeForText().width() <= label.rect().width()


# --- the legend shows what is on the map
def list_codes(layer, field, place=None):
    rows = pyogrio.read_dataframe(SAMPLE, layer=layer)
    if place is not None:
        rows = rows[[s is not None and shapely.make_valid(s).intersection(place).area > 1 for s in rows.geometry]]
    return set(rows[field].dropna())


def test_legend_of_zones_has_the_codes_of_the_layer(sheets):
    shown = legend.legend_entries(sheets["zones"].itemById("legend"))
    assert list(shown) == ["县界", "乡镇界", "规划分区"]
    present = list_codes("YDYHGHFQ", "GHFQDM")
    # No list contains 550. The names are printed without their codes.
    assert set(shown["规划分区"]) - {"其他"} == list_zone_names(present - {"550"})
    assert ("其他" in shown["规划分区"]) == ("550" in present)


def list_zone_names(codes):
    names = load_standard("county_db").code_lists["planning_zones"].codes
    return {names[code].name for code in codes}


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_a_legend_prints_no_codes(sheets, one):
    printed = [name for names in legend.legend_entries(sheets[one].itemById("legend")).values() for name in names]
    assert printed and not [name for name in printed if name[:1].isdigit()]


def test_legend_of_the_lines_has_the_lines_and_the_ground(sheets):
    shown = legend.legend_entries(sheets["three_lines"].itemById("legend"))
    assert list(shown) == ["县界", "乡镇界", "城镇开发边界", "生态保护红线", "永久基本农田", "现状底图"]
    assert shown["现状底图"] == ["水域", "道路", "现状城镇、村庄与工矿"]


def test_a_layer_off_the_map_is_not_in_its_legend(qgis_app, tmp_path):
    far = table([make_square(50_000, 0)], MC=["远处的保护范围"])
    layers = make_centre_layers()
    file = write_small(
        tmp_path / "小县.gpkg",
        **layers | {"LSWHBHX": table([make_square(100, 100)], MC=["核心保护范围"]), "CZKFBJ": far.assign(GHFQDM="410")},
    )
    project = QgsProject()
    for name in ("XZQX", "XZQXZ", "LSWHBHX", "CZKFBJ"):
        project.addMapLayer(QgsVectorLayer(f"{file}|layername={name}", name, "ogr"))
    layout = make_builder(project).build(MAPS.maps["heritage"], MAPS.sheets["A3"])
    assert list(legend.legend_entries(layout.itemById("legend"))) == ["县界", "乡镇界", "历史文化保护线"]
    assert legend.legend_entries(layout.itemById("legend"))["历史文化保护线"] == ["核心保护范围"]


def test_three_zones_of_the_planning_zones(sheets, builder):
    from plugin.core.profile.space_map import space_map

    mapping = space_map(builder.material.norm)
    expected = {mapping.name(mapping.space(code)) for code in list_codes("YDYHGHFQ", "GHFQDM")}
    assert set(legend.legend_entries(sheets["three_zones"].itemById("legend"))["三区"]) == expected


# --- by township
def test_a_township_has_its_page(builder):
    layout = builder.build(MAPS.maps["zones"], MAPS.sheets["A3"], townships=True)
    every = list_codes("YDYHGHFQ", "GHFQDM")
    towns = gpd.read_file(SAMPLE, layer="XZQXZ").sort_values("XZQDM").reset_index()
    with export.atlas(layout):
        pages = list(export.pages_of(layout))
        assert [name for _, name in pages] == list(towns["XZQMC"])
        for number in (1, 9):
            export.turn_to(layout, export.Page(number, "", ""))
            town = towns.loc[number]
            item = layout.itemById("map")
            assert text(layout, "title") == f"浑源县{town['XZQMC']}国土空间规划分区图"
            assert item.scale() in [pytest.approx(s) for s in MAPS.all_scales()]
            box = item.extent()
            assert shapely.box(box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()).contains(town.geometry)
            entries = set(legend.legend_entries(layout.itemById("legend"))["规划分区"]) - {"其他"}
            inside = list_codes("YDYHGHFQ", "GHFQDM", town.geometry.buffer(-1))
            # A zone outside that touches the boundary may be listed too.
            touching = list_codes("YDYHGHFQ", "GHFQDM", town.geometry.buffer(1))
            plain = [codes - {"550"} for codes in (inside, touching)]
            assert list_zone_names(plain[0]) <= entries <= list_zone_names(plain[1]) and plain[1] < every


def test_neighbours_are_pale(builder):
    layout = builder.build(MAPS.maps["zones"], MAPS.sheets["A3"], townships=True)
    layer = builder.material.roles["XZQXZ"]
    style = layout.itemById("map").layerStyleOverrides()[layer.id()]
    assert "@atlas_feature" in style and "XZQDM" in style
    assert "@atlas_feature" in layout.itemById("locator").layerStyleOverrides()[layer.id()]


# --- a sheet stays as it was made
def picture(layout):
    image = QgsLayoutExporter(layout).renderRegionToImage(layout.itemById("map").sceneBoundingRect(), QSize(), 40)
    return bytes(image.constBits().asarray(image.sizeInBytes()))


def test_changes_of_the_layer_tree_do_not_change_a_sheet(qgis_app, tmp_path):
    project = open_sample_project(tmp_path)
    builder = make_builder(project, INFO)
    layout = builder.build(MAPS.maps["land_use"], MAPS.sheets["A3"])
    before = picture(layout)
    parcels = builder.material.roles["DLTB"]
    parcels.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple({"color": "#ff00ff"})))
    parcels.setOpacity(0.1)
    for layer in builder.material.roles.values():
        project.layerTreeRoot().findLayer(layer.id()).setItemVisibilityChecked(False)
    layout.refresh()
    assert picture(layout) == before


def test_land_use_is_at_full_strength(sheets, builder):
    parcels = builder.material.roles["DLTB"]
    assert parcels.opacity() == 0.5
    assert "<layerOpacity>1</layerOpacity>" in sheets["land_use"].itemById("map").layerStyleOverrides()[parcels.id()]


def test_only_the_lines_of_a_scale_that_is_drawn_are_in_the_style(builder):
    """Draw farmland at small scales without parcel outlines.

    The legend ignores scales and would show all symbols.
    """
    farmland = builder.material.roles["YJJBNTBHTB"]
    one = MAPS.maps["three_lines"]
    sheets = [builder.build(one, MAPS.sheets[sheet]) for sheet in ("A3", "A0")]
    far, near = (s.itemById("map").layerStyleOverrides()[farmland.id()] for s in sheets)
    assert [style.count('class="LinePatternFill"') for style in (far, near)] == [1, 1]
    assert far.count('class="SimpleFill"') == near.count('class="SimpleFill"') + 1, "the tint"
    assert near.count('class="SimpleLine"') == far.count('class="SimpleLine"') + 1, "the outline"
    assert "@map_scale" not in far and "@map_scale" not in near


# --- around the county
def list_shown_layers(layout, item):
    return [layer.name() for layer in layout.itemById(item).layers()]


def list_names_of_neighbours(layout):
    return {
        one.text(): one.sceneBoundingRect()
        for one in layout.items()
        if isinstance(one, QgsLayoutItemLabel) and one.id().startswith("locator_name_")
    }


def test_the_county_fills_its_frame(sheets):
    item = sheets["three_lines"].itemById("map")
    west, south, east, north = pyogrio.read_info(SAMPLE, layer="XZQX")["total_bounds"]
    box = item.extent()
    assert max((east - west) / box.width(), (north - south) / box.height()) > 0.9


def test_the_locator_shows_the_county_in_its_city(sheets):
    layout = sheets["three_lines"]
    assert text(layout, "locator_title") == "位置示意（大同市）"
    names = list_names_of_neighbours(layout)
    assert {"浑源县", "广灵县", "灵丘县", "阳高县"} <= set(names)
    frame_of = layout.itemById("locator").sceneBoundingRect()
    assert all(frame_of.contains(box) for box in names.values())
    # 广灵 is east of 浑源, 灵丘 is south-east.
    assert names["广灵县"].left() > names["浑源县"].left()
    assert names["灵丘县"].top() > names["浑源县"].top()


def test_a_township_is_shown_in_its_county(builder):
    layout = builder.build(MAPS.maps["zones"], MAPS.sheets["A3"], townships=True)
    assert text(layout, "locator_title") == "位置示意" and not list_names_of_neighbours(layout)


def test_adjoining_counties_of_the_project_are_on_map_and_locator(qgis_app, tmp_path):
    around = table(
        [
            make_square(-10_000, 0, 10_000, 10_000),
            make_square(0, 0, 10_000, 10_000),
            make_square(10_000, 0, 90_000, 10_000),
        ],
        XZQDM=["140622", "140225", "140223"],
        XZQMC=["应县", "浑源县", "广灵县"],
    )
    file = write_small(tmp_path / "小县.gpkg", **make_centre_layers(), 相邻县=around)
    project = QgsProject()
    for name in ("XZQX", "XZQXZ", "相邻县", "ZXCQGHFQ"):
        project.addMapLayer(QgsVectorLayer(f"{file}|layername={name}", name, "ogr"))
    layout = make_builder(project).build(MAPS.maps["centre_zones"], MAPS.sheets["A3"])
    assert list_shown_layers(layout, "map")[-1] == "相邻县" and list_shown_layers(layout, "locator")[-1] == "相邻县"
    style = layout.itemById("map").layerStyleOverrides()[layout.itemById("map").layers()[-1].id()]
    assert "XZQMC" in style and "140225" in style, "the names of the others"
    extent = layout.itemById("locator").extent()
    assert extent.xMinimum() < X - 1000 and extent.xMaximum() > X + 11_000
    assert extent.width() < 60_000, "not all of a large neighbour"
    assert not list_names_of_neighbours(layout) and text(layout, "locator_title") == "位置示意"


# --- in the project's list
def test_an_edited_sheet_is_not_replaced_unasked(qgis_app, tmp_path):
    project = open_sample_project(tmp_path)
    builder = make_builder(project, INFO)
    wanted = [(MAPS.maps[one], MAPS.sheets["A3"], False) for one in ("zones", "heritage")]
    assert saved_layouts.save_layouts(builder, wanted).made == [
        "04 县域国土空间规划分区图 A3",
        "05 县域历史文化保护规划图 A3",
    ]
    assert len(project.layoutManager().printLayouts()) == 2
    edited = project.layoutManager().layoutByName("04 县域国土空间规划分区图 A3")
    assert isinstance(edited, QgsPrintLayout) and not saved_layouts.is_edited(edited)
    edited.itemById("note").setText("本县自己的说明")
    again = saved_layouts.save_layouts(builder, wanted)
    assert again.edited == ["04 县域国土空间规划分区图 A3"] and again.made == ["05 县域历史文化保护规划图 A3"]
    assert text(saved_layouts.find_layout(project, *wanted[0]), "note") == "本县自己的说明"
    asked = saved_layouts.save_layouts(builder, wanted, replace=again.edited)
    assert not asked.edited and text(saved_layouts.find_layout(project, *wanted[0]), "note") == MAPS.note
    assert len(project.layoutManager().printLayouts()) == 2


def test_a_sheet_saved_and_read_again_is_not_an_edited_one(qgis_app, tmp_path):
    project = open_sample_project(tmp_path)
    builder = make_builder(project, INFO)
    wanted = [(MAPS.maps[one], MAPS.sheets["A3"], t) for one, t in (("land_use", False), ("zones", True))]
    saved_layouts.save_layouts(builder, wanted)
    assert project.write(str(tmp_path / "工程.qgz"))
    opened = QgsProject()
    assert opened.read(str(tmp_path / "工程.qgz"))
    for one in wanted:
        layout = saved_layouts.find_layout(opened, *one)
        assert layout is not None and not saved_layouts.is_edited(layout)
        layout.refresh()
        assert not saved_layouts.is_edited(layout)


# --- what it is made of
def test_a_county_without_a_name_is_reported(qgis_app, tmp_path):
    file = write_small(tmp_path / "小.gpkg")
    project = QgsProject()
    project.addMapLayer(QgsVectorLayer(f"{file}|layername=CZKFBJ", "CZKFBJ", "ogr"))
    with pytest.raises(InputError, match="map_county_unknown"):
        _ = make_builder(project).material.county


def test_the_coordinate_system_in_words(qgis_app):
    from qgis.core import QgsCoordinateReferenceSystem as Crs

    assert format_crs(Crs("EPSG:4526")) == "2000国家大地坐标系\n高斯—克吕格投影　中央经线114°"
    assert format_crs(Crs("EPSG:4490")) == "2000国家大地坐标系"
    assert format_crs(Crs("EPSG:4546")).endswith("中央经线111°")


def test_legend_entries_removed_by_the_user_stay_removed(qgis_app, tmp_path):
    from qgis.core import QgsMapLayerLegendUtils

    project = open_sample_project(tmp_path)
    wanted = (MAPS.maps["zones"], MAPS.sheets["A3"], True)
    saved_layouts.save_layouts(make_builder(project, INFO), [wanted])
    own = saved_layouts.find_layout(project, *wanted)
    (node,) = (n for n in own.itemById("legend").model().rootGroup().findLayers() if n.name() == "规划分区")
    names = [n.data(0) for n in own.itemById("legend").model().layerLegendNodes(node)]
    order = list(QgsMapLayerLegendUtils.legendNodeOrder(node))
    assert "生态保护区" in names
    del order[names.index("生态保护区")]
    QgsMapLayerLegendUtils.setLegendNodeOrder(node, order)
    layout = own.clone()
    with export.atlas(layout):
        seen = set()
        for number in range(16):
            export.turn_to(layout, export.Page(number, "", ""))
            seen |= set(legend.legend_entries(layout.itemById("legend")).get("规划分区", ()))
    assert "生态保护区" not in seen and seen >= {"农田保护区", "城镇集中建设区", "一般农业区"}
