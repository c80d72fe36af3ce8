# SPDX-License-Identifier: GPL-2.0-or-later
"""Test map layouts: contents, sizes, texts, independence of later changes."""

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
    QgsReadWriteContext,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QFont
from qgis.PyQt.QtXml import QDomDocument

from plugin.bridge.layouts import export, frame, saved_layouts
from plugin.bridge.layouts.build import LayoutBuilder, format_crs_for_map
from plugin.core.base.errors import DataError, InputError
from plugin.core.standard import load_standard, map_set as maps
from plugin.core.standard.profile import DocumentInfo
from plugin.paths import LAYOUTS_FOLDER
from tests.qgis.helpers import ROOT, SAMPLE, X, make_square, make_table as table, write_small
from tests.qgis.maps_helpers import (
    get_symbol_labels_by_layer_title,
    make_builder,
    make_centre_layers,
    open_sample_project,
)
from tests.qgis.test_styles import count_ink

MAPS = maps.load_map_set()
COUNTY_MAPS = [m.id for m in MAPS.map_by_id.values() if m.scope == "county"]
REQUIRED_ITEMS = (
    "border plan title number secrecy map north north_name locator locator_title legend legend_title scale scale_bar note "
    "maker drawer crs date approval"
).split()
DOCUMENT_INFO = DocumentInfo("内部", "浑源县人民政府", "浑源县自然资源局", "2026年11月", "晋S(2026)001号")


@pytest.fixture(scope="module")
def sample_layout_builder(qgis_app, tmp_path_factory):
    return make_builder(open_sample_project(tmp_path_factory.mktemp("布局")), DOCUMENT_INFO)


@pytest.fixture(scope="module")
def county_layouts(sample_layout_builder):
    """Return the layout of each county map on A3, by map id."""
    return {
        one: sample_layout_builder.build_layout(MAPS.map_by_id[one], MAPS.page_size_by_id["A3"]) for one in COUNTY_MAPS
    }


def read_label(layout, item):
    return layout.itemById(item).currentText()


# --- the data
def test_layout_templates_have_the_page_sizes_of_the_map_set(qgis_app):
    project = QgsProject()
    for sheet in MAPS.page_size_by_id.values():
        layout, document = QgsPrintLayout(project), QDomDocument()
        assert document.setContent((LAYOUTS_FOLDER / f"{sheet.id}.qpt").read_text(encoding="utf-8"))
        layout.loadFromTemplate(document, QgsReadWriteContext())
        size = layout.pageCollection().page(0).pageSize()
        assert (size.width(), size.height()) == (sheet.width, sheet.height)


def test_layout_templates_contain_no_local_paths():
    for sheet in MAPS.page_size_by_id:
        text = (LAYOUTS_FOLDER / f"{sheet}.qpt").read_text(encoding="utf-8")
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
        ("scales = [1.0,", "scales = [", "scales"),
        ("scales = [1.0,", "scales = [0.5, 1.0,", "scales"),
        ("{number:02d}{title}", "", "file_name"),
    ],
)
def test_error_in_a_map_set_file_names_the_file_and_the_key(tmp_path, old, new, key):
    own = tmp_path / "maps.toml"
    own.write_text(maps.DEFAULT_MAP_SET.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as error:
        maps.load_map_set(own)
    assert str(own) in str(error.value.params) and key in str(error.value.params)


def test_maps_of_the_map_set_are_chosen_by_id_or_number():
    assert [m.id for m in maps.select_maps(MAPS, ["zones", "1"])] == ["land_use", "zones"]
    with pytest.raises(InputError, match="map_unknown"):
        maps.select_maps(MAPS, ["no_such"])


@pytest.mark.parametrize("least, scale", [(206_000, 220_000), (250_000, 250_000), (9_990, 10_000), (81_000, 90_000)])
def test_map_scale_is_rounded_up_to_a_round_number(least, scale):
    assert MAPS.find_round_scale(least) == scale


# --- what is on a sheet
@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_layout_labels_show_title_number_secrecy_and_crs_and_no_required_map_item_is_missing(county_layouts, one):
    layout = county_layouts[one]
    assert all(layout.itemById(item) is not None for item in REQUIRED_ITEMS)
    assert read_label(layout, "title") == MAPS.map_by_id[one].title
    assert read_label(layout, "plan") == "浑源县国土空间总体规划（2021—2035年）"
    assert read_label(layout, "number") == f"图号 {MAPS.map_by_id[one].number:02d}"
    assert read_label(layout, "secrecy") == "密级：内部"
    assert [read_label(layout, i) for i in ("maker", "drawer", "date")] == [
        "浑源县人民政府",
        "浑源县自然资源局",
        "2026年11月",
    ]
    assert read_label(layout, "approval") == ""
    assert read_label(layout, "crs") == "2000国家大地坐标系\n高斯—克吕格投影　中央经线114°"


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_printed_scale_equals_the_scale_of_the_map_item(county_layouts, one):
    item = county_layouts[one].itemById("map")
    # Computed independently of QGIS: metres on the ground by metres on paper.
    ratio = item.extent().width() / (item.rect().width() / 1000)
    assert read_label(county_layouts[one], "scale") == "比例尺 1:220 000" and ratio == pytest.approx(220_000, rel=1e-6)
    bar = county_layouts[one].itemById("scale_bar")
    assert bar.unitLabel() == "km" and bar.linkedMap() is item
    assert bar.rect().width() <= frame.SCALE_BAR_WIDTH_MM


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_map_item_shows_the_whole_county_centred(county_layouts, one):
    west, south, east, north = pyogrio.read_info(SAMPLE, layer="XZQX")["total_bounds"]
    extent = county_layouts[one].itemById("map").extent()
    assert extent.xMinimum() < west and east < extent.xMaximum()
    assert extent.yMinimum() < south and north < extent.yMaximum()
    assert extent.center().x() == pytest.approx((west + east) / 2, abs=1)
    assert extent.center().y() == pytest.approx((south + north) / 2, abs=1)


@pytest.mark.parametrize("sheet, size", [("A3", (420, 297)), ("A0", (1189, 841))])
def test_layout_page_has_its_paper_size_and_contains_all_items(sample_layout_builder, sheet, size):
    layout = sample_layout_builder.build_layout(MAPS.map_by_id["three_lines"], MAPS.page_size_by_id[sheet])
    page = layout.pageCollection().page(0)
    assert (page.pageSize().width(), page.pageSize().height()) == size
    for item in REQUIRED_ITEMS:
        place = layout.itemById(item).sceneBoundingRect()
        assert place.left() >= 0 and place.top() >= 0 and place.right() <= size[0] and place.bottom() <= size[1], item


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_layout_legend_fits_in_its_frame(county_layouts, one):
    # Paint first: QGIS computes the size of a legend when it paints it.
    image = QgsLayoutExporter(county_layouts[one]).renderPageToImage(0, QSize(), 100)
    assert not image.isNull()
    room = county_layouts[one].itemById("legend_frame").sceneBoundingRect()
    assert room.adjusted(-0.2, -0.2, 0.2, 0.2).contains(county_layouts[one].itemById("legend").sceneBoundingRect())
    assert county_layouts[one].itemById("legend").rect().height() < 0.99 * room.height()


def test_long_map_title_is_shrunk_to_fit_its_label(sample_layout_builder, monkeypatch):
    long = "积石山保安族东乡族撒拉族自治县大河家镇"
    monkeypatch.setattr(MAPS.map_by_id["zones"].__class__, "title", property(lambda self: long * 2), raising=False)
    layout = sample_layout_builder.build_layout(MAPS.map_by_id["land_use"], MAPS.page_size_by_id["A3"])
    label = layout.itemById("title")
    assert label.currentText() == long * 2
    assert label.sizeForText().width() <= label.rect().width()


def test_titles_are_printed_bold_and_other_texts_in_normal_weight(sample_layout_builder):
    layout = sample_layout_builder.build_layout(MAPS.map_by_id["zones"], MAPS.page_size_by_id["A3"])
    fonts = {one.id(): one.textFormat().font() for one in layout.items() if isinstance(one, QgsLayoutItemLabel)}
    bold = {name for name, font in fonts.items() if font.weight() == QFont.Weight.Bold}
    assert bold == {"title", "north_name", "locator_title", "legend_title", "scale"}
    assert {font.weight() for font in fonts.values()} == {QFont.Weight.Bold, QFont.Weight.Normal}
    inks, title = [], layout.itemById("title")
    for _ in range(2):
        image = QgsLayoutExporter(layout).renderRegionToImage(title.sceneBoundingRect(), QSize(), 100)
        inks.append(count_ink(image))
        text = title.textFormat()
        text.setFont(fonts["note"])
        title.setTextFormat(text)
        layout.refresh()
    assert inks[0] > 1.1 * inks[1] > 100


def test_layout_file_that_is_no_xml_is_named_with_the_line_of_the_error(sample_layout_builder, tmp_path):
    own = tmp_path / "A3.qpt"
    own.write_text((LAYOUTS_FOLDER / "A3.qpt").read_text(encoding="utf-8")[:-20], encoding="utf-8")
    builder = LayoutBuilder(sample_layout_builder.available_layers, MAPS, folder=tmp_path)
    with pytest.raises(DataError, match="data_xml_broken") as error:
        builder.build_layout(MAPS.map_by_id["zones"], MAPS.page_size_by_id["A3"])
    assert error.value.params["file"] == str(own) and error.value.params["line"] > 1


# --- the legend shows what is on the map
def list_codes(layer, field, place=None):
    rows = pyogrio.read_dataframe(SAMPLE, layer=layer)
    if place is not None:
        rows = rows[[s is not None and shapely.make_valid(s).intersection(place).area > 1 for s in rows.geometry]]
    return set(rows[field].dropna())


def test_legend_of_the_zones_map_lists_the_zones_present_in_the_layer(county_layouts):
    shown = get_symbol_labels_by_layer_title(county_layouts["zones"].itemById("legend"))
    assert list(shown) == ["县界", "乡镇界", "规划分区"]
    present = list_codes("YDYHGHFQ", "GHFQDM")
    # No list contains 550. The names are printed without their codes.
    assert set(shown["规划分区"]) - {"其他"} == list_zone_names(present - {"550"})
    assert ("其他" in shown["规划分区"]) == ("550" in present)


def list_zone_names(codes):
    names = load_standard("county_db").code_lists["planning_zones"].entry_by_code
    return {names[code].name for code in codes}


@pytest.mark.parametrize("one", COUNTY_MAPS)
def test_legend_entries_are_names_without_codes(county_layouts, one):
    printed = [
        name
        for names in get_symbol_labels_by_layer_title(county_layouts[one].itemById("legend")).values()
        for name in names
    ]
    assert printed and not [name for name in printed if name[:1].isdigit()]


def test_legend_of_the_control_lines_map_lists_lines_and_base_map(county_layouts):
    shown = get_symbol_labels_by_layer_title(county_layouts["three_lines"].itemById("legend"))
    assert list(shown) == ["县界", "乡镇界", "城镇开发边界", "生态保护红线", "永久基本农田", "现状底图"]
    assert shown["现状底图"] == ["水域", "道路", "现状城镇、村庄与工矿"]


def test_layer_outside_the_map_extent_is_not_in_the_legend(qgis_app, tmp_path):
    far = table([make_square(50_000, 0)], MC=["远处的保护范围"])
    layers = make_centre_layers()
    file = write_small(
        tmp_path / "小县.gpkg",
        **layers | {"LSWHBHX": table([make_square(100, 100)], MC=["核心保护范围"]), "CZKFBJ": far.assign(GHFQDM="410")},
    )
    project = QgsProject()
    for name in ("XZQX", "XZQXZ", "LSWHBHX", "CZKFBJ"):
        project.addMapLayer(QgsVectorLayer(f"{file}|layername={name}", name, "ogr"))
    layout = make_builder(project).build_layout(MAPS.map_by_id["heritage"], MAPS.page_size_by_id["A3"])
    assert list(get_symbol_labels_by_layer_title(layout.itemById("legend"))) == [
        "县界",
        "乡镇界",
        "历史文化保护线",
    ]
    assert get_symbol_labels_by_layer_title(layout.itemById("legend"))["历史文化保护线"] == ["核心保护范围"]


def test_legend_of_the_three_zones_map_lists_the_zones_derived_from_the_plan(county_layouts, sample_layout_builder):
    from plugin.core.standard.profile.space_map import load_space_map

    mapping = load_space_map(sample_layout_builder.available_layers.norm)
    expected = {mapping.name(mapping.get_three_zone_code(code)) for code in list_codes("YDYHGHFQ", "GHFQDM")}
    assert set(get_symbol_labels_by_layer_title(county_layouts["three_zones"].itemById("legend"))["三区"]) == expected


# --- by township
def test_township_layout_has_one_page_per_township(sample_layout_builder):
    layout = sample_layout_builder.build_layout(MAPS.map_by_id["zones"], MAPS.page_size_by_id["A3"], by_township=True)
    every = list_codes("YDYHGHFQ", "GHFQDM")
    townships = gpd.read_file(SAMPLE, layer="XZQXZ").sort_values("XZQDM").reset_index()
    with export.keep_atlas_rendering(layout):
        pages = list(export.iterate_atlas_pages(layout))
        assert [name for _, name in pages] == list(townships["XZQMC"])
        for number in (1, 9):
            export.show_atlas_page(layout, export.LayoutPage(number, "", ""))
            township = townships.loc[number]
            item = layout.itemById("map")
            assert read_label(layout, "title") == f"浑源县{township['XZQMC']}国土空间规划分区图"
            assert item.scale() in [pytest.approx(s) for s in MAPS.list_scales()]
            box = item.extent()
            assert shapely.box(box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()).contains(
                township.geometry
            )
            entries = set(get_symbol_labels_by_layer_title(layout.itemById("legend"))["规划分区"]) - {"其他"}
            inside = list_codes("YDYHGHFQ", "GHFQDM", township.geometry.buffer(-1))
            # A zone outside that touches the boundary may be listed too.
            touching = list_codes("YDYHGHFQ", "GHFQDM", township.geometry.buffer(1))
            plain = [codes - {"550"} for codes in (inside, touching)]
            assert list_zone_names(plain[0]) <= entries <= list_zone_names(plain[1]) and plain[1] < every


def test_township_layout_draws_neighbouring_townships_pale(sample_layout_builder):
    layout = sample_layout_builder.build_layout(MAPS.map_by_id["zones"], MAPS.page_size_by_id["A3"], by_township=True)
    layer = sample_layout_builder.available_layers.roles["XZQXZ"]
    style = layout.itemById("map").layerStyleOverrides()[layer.id()]
    assert "@atlas_feature" in style and "XZQDM" in style
    assert "@atlas_feature" in layout.itemById("locator").layerStyleOverrides()[layer.id()]


# --- a sheet stays as it was made
def render_layout(layout):
    image = QgsLayoutExporter(layout).renderRegionToImage(layout.itemById("map").sceneBoundingRect(), QSize(), 40)
    return bytes(image.constBits().asarray(image.sizeInBytes()))


def test_layout_does_not_change_when_project_layers_are_restyled_or_hidden(qgis_app, tmp_path):
    project = open_sample_project(tmp_path)
    sample_layout_builder = make_builder(project, DOCUMENT_INFO)
    layout = sample_layout_builder.build_layout(MAPS.map_by_id["land_use"], MAPS.page_size_by_id["A3"])
    before = render_layout(layout)
    parcels = sample_layout_builder.available_layers.roles["DLTB"]
    parcels.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple({"color": "#ff00ff"})))
    parcels.setOpacity(0.1)
    for layer in sample_layout_builder.available_layers.roles.values():
        project.layerTreeRoot().findLayer(layer.id()).setItemVisibilityChecked(False)
    layout.refresh()
    assert render_layout(layout) == before


def test_land_use_map_draws_parcels_with_full_opacity(county_layouts, sample_layout_builder):
    parcels = sample_layout_builder.available_layers.roles["DLTB"]
    assert parcels.opacity() == 0.5
    assert (
        "<layerOpacity>1</layerOpacity>"
        in county_layouts["land_use"].itemById("map").layerStyleOverrides()[parcels.id()]
    )


def test_map_style_contains_only_symbols_drawn_at_the_map_scale(sample_layout_builder):
    """Draw farmland at a small and a large scale.

    The legend ignores scales and would show all symbols.
    """
    farmland = sample_layout_builder.available_layers.roles["YJJBNTBHTB"]
    one = MAPS.map_by_id["three_lines"]
    county_layouts = [sample_layout_builder.build_layout(one, MAPS.page_size_by_id[sheet]) for sheet in ("A3", "A0")]
    far, near = (s.itemById("map").layerStyleOverrides()[farmland.id()] for s in county_layouts)
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


def test_county_fills_at_least_90_percent_of_the_map_frame(county_layouts):
    item = county_layouts["three_lines"].itemById("map")
    west, south, east, north = pyogrio.read_info(SAMPLE, layer="XZQX")["total_bounds"]
    box = item.extent()
    assert max((east - west) / box.width(), (north - south) / box.height()) > 0.9


def test_locator_map_shows_the_county_among_the_counties_of_its_city(county_layouts):
    layout = county_layouts["three_lines"]
    assert read_label(layout, "locator_title") == "位置示意（大同市）"
    names = list_names_of_neighbours(layout)
    assert {"浑源县", "广灵县", "灵丘县", "阳高县"} <= set(names)
    frame_of = layout.itemById("locator").sceneBoundingRect()
    assert all(frame_of.contains(box) for box in names.values())
    # 广灵 is east of 浑源, 灵丘 is south-east.
    assert names["广灵县"].left() > names["浑源县"].left()
    assert names["灵丘县"].top() > names["浑源县"].top()


def test_locator_of_a_township_page_shows_the_county_instead_of_the_city(sample_layout_builder):
    layout = sample_layout_builder.build_layout(MAPS.map_by_id["zones"], MAPS.page_size_by_id["A3"], by_township=True)
    assert read_label(layout, "locator_title") == "位置示意" and not list_names_of_neighbours(layout)


def test_adjoining_counties_in_the_project_are_drawn_on_map_and_locator(qgis_app, tmp_path):
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
    layout = make_builder(project).build_layout(MAPS.map_by_id["centre_zones"], MAPS.page_size_by_id["A3"])
    assert list_shown_layers(layout, "map")[-1] == "相邻县" and list_shown_layers(layout, "locator")[-1] == "相邻县"
    style = layout.itemById("map").layerStyleOverrides()[layout.itemById("map").layers()[-1].id()]
    assert "XZQMC" in style and "140225" in style, "the names of the others"
    extent = layout.itemById("locator").extent()
    assert extent.xMinimum() < X - 1000 and extent.xMaximum() > X + 11_000
    assert extent.width() < 60_000, "not all of a large neighbour"
    assert not list_names_of_neighbours(layout) and read_label(layout, "locator_title") == "位置示意"


# --- in the project's list
def test_layout_edited_by_the_user_is_not_replaced_without_permission(qgis_app, tmp_path):
    project = open_sample_project(tmp_path)
    sample_layout_builder = make_builder(project, DOCUMENT_INFO)
    wanted = [(MAPS.map_by_id[one], MAPS.page_size_by_id["A3"], False) for one in ("zones", "heritage")]
    assert saved_layouts.save_layouts(sample_layout_builder, wanted).new_layout_names == [
        "04 县域国土空间规划分区图 A3",
        "05 县域历史文化保护规划图 A3",
    ]
    assert len(project.layoutManager().printLayouts()) == 2
    edited = project.layoutManager().layoutByName("04 县域国土空间规划分区图 A3")
    assert isinstance(edited, QgsPrintLayout) and not saved_layouts.is_layout_edited(edited)
    edited.itemById("note").setText("本县自己的说明")
    again = saved_layouts.save_layouts(sample_layout_builder, wanted)
    assert again.kept_layout_names == ["04 县域国土空间规划分区图 A3"] and again.new_layout_names == [
        "05 县域历史文化保护规划图 A3"
    ]
    assert read_label(saved_layouts.find_layout(project, *wanted[0]), "note") == "本县自己的说明"
    asked = saved_layouts.save_layouts(sample_layout_builder, wanted, names_to_replace=again.kept_layout_names)
    assert (
        not asked.kept_layout_names and read_label(saved_layouts.find_layout(project, *wanted[0]), "note") == MAPS.note
    )
    assert len(project.layoutManager().printLayouts()) == 2


def test_layout_of_a_reopened_project_does_not_count_as_edited(qgis_app, tmp_path):
    project = open_sample_project(tmp_path)
    sample_layout_builder = make_builder(project, DOCUMENT_INFO)
    wanted = [(MAPS.map_by_id[one], MAPS.page_size_by_id["A3"], t) for one, t in (("land_use", False), ("zones", True))]
    saved_layouts.save_layouts(sample_layout_builder, wanted)
    assert project.write(str(tmp_path / "工程.qgz"))
    opened = QgsProject()
    assert opened.read(str(tmp_path / "工程.qgz"))
    for one in wanted:
        layout = saved_layouts.find_layout(opened, *one)
        assert layout is not None and not saved_layouts.is_layout_edited(layout)
        layout.refresh()
        assert not saved_layouts.is_layout_edited(layout)


# --- what it is made of
def test_building_a_layout_without_a_known_county_raises_an_error(qgis_app, tmp_path):
    file = write_small(tmp_path / "小.gpkg")
    project = QgsProject()
    project.addMapLayer(QgsVectorLayer(f"{file}|layername=CZKFBJ", "CZKFBJ", "ogr"))
    with pytest.raises(InputError, match="map_county_unknown"):
        _ = make_builder(project).available_layers.county


def test_format_crs_describes_datum_projection_and_central_meridian_in_chinese(qgis_app):
    from qgis.core import QgsCoordinateReferenceSystem as Crs

    assert format_crs_for_map(Crs("EPSG:4526")) == "2000国家大地坐标系\n高斯—克吕格投影　中央经线114°"
    assert format_crs_for_map(Crs("EPSG:4490")) == "2000国家大地坐标系"
    assert format_crs_for_map(Crs("EPSG:4546")).endswith("中央经线111°")


def test_legend_entries_removed_by_the_user_stay_removed(qgis_app, tmp_path):
    from qgis.core import QgsMapLayerLegendUtils

    project = open_sample_project(tmp_path)
    wanted = (MAPS.map_by_id["zones"], MAPS.page_size_by_id["A3"], True)
    saved_layouts.save_layouts(make_builder(project, DOCUMENT_INFO), [wanted])
    own = saved_layouts.find_layout(project, *wanted)
    (node,) = (n for n in own.itemById("legend").model().rootGroup().findLayers() if n.name() == "规划分区")
    names = [n.data(0) for n in own.itemById("legend").model().layerLegendNodes(node)]
    order = list(QgsMapLayerLegendUtils.legendNodeOrder(node))
    assert "生态保护区" in names
    del order[names.index("生态保护区")]
    QgsMapLayerLegendUtils.setLegendNodeOrder(node, order)
    layout = own.clone()
    with export.keep_atlas_rendering(layout):
        seen = set()
        for number in range(16):
            export.show_atlas_page(layout, export.LayoutPage(number, "", ""))
            seen |= set(get_symbol_labels_by_layer_title(layout.itemById("legend")).get("规划分区", ()))
    assert "生态保护区" not in seen and seen >= {"农田保护区", "城镇集中建设区", "一般农业区"}
