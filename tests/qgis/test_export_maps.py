# SPDX-License-Identifier: GPL-2.0-or-later
"""Test exported maps: names, resolution, pages and metadata.

They contain no data of the user and the machine.
"""

import re
import zlib
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
from qgis.core import QgsApplication, QgsProcessingException, QgsProcessingFeedback, QgsProject, QgsVectorLayer

from plugin.bridge.layouts import export, saved_layouts
from plugin.bridge.layouts.export import MapExportOrder, export_maps as run_order
from plugin.core.base.errors import Cancellation, Cancelled, OutputError
from plugin.core.standard import map_set as maps
from plugin.core.standard.profile import DocumentInfo
from tests.personal_names import set_personal_names
from tests.qgis.helpers import (
    SAMPLE,
    Log,
    digest_files,
    make_small_layers,
    make_square,
    make_table,
    run_algorithm,
    write_small,
)
from tests.qgis.maps_helpers import (
    get_symbol_labels_by_layer_title,
    is_complete_pdf,
    make_builder,
    make_centre_layers,
    open_sample_project,
    read_jfif_density,
    read_jpg_size,
)

MAPS = maps.load_map_set()
A3 = MAPS.page_size_by_id["A3"]
#: A level of secrecy, which every export requires.
PUBLIC_SECRECY = {"SECRECY": "公开"}
AUTHOR = "zhang-san-private"


@pytest.fixture(scope="module")
def sample_map_builder(qgis_app, tmp_path_factory):
    folder = tmp_path_factory.mktemp("浑源 县")
    project = open_sample_project(folder)
    metadata = project.metadata()
    metadata.setAuthor(AUTHOR)
    project.setMetadata(metadata)
    project.write(str(folder / "secret-path.qgz"))
    return make_builder(project, DocumentInfo("内部", "浑源县人民政府", "", "2026年11月"))


#: Maps of layers that the sample county does not have.
SHEETS_OF_FURTHER_LAYERS = (
    "main_function", "reserves", "minerals", "transport", "hazards", "settlements", "restoration",
)  # fmt: skip


def make_map_order(folder, *ids, **more):
    more = {"page_size": A3, "formats": ("jpg",), **more}
    return MapExportOrder(maps=tuple(maps.select_maps(MAPS, list(ids))), target_folder=folder, **more)


@pytest.fixture(scope="module")
def personal_names():
    with pytest.MonkeyPatch.context() as patch:
        yield set_personal_names(patch)


@pytest.fixture(scope="module")
def exported_maps(sample_map_builder, tmp_path_factory, personal_names):
    """Export every map of the sample county on A3 as JPG and PDF.

    Return the folder and the outcome.
    """
    folder = tmp_path_factory.mktemp("图件")
    return folder, run_order(sample_map_builder, make_map_order(folder, formats=("jpg", "pdf"), writes_world_file=True))


def test_export_writes_all_county_maps_with_the_official_file_names(exported_maps):
    folder, outcome = exported_maps
    titles = [
        "01县域用地现状图",
        "02县域三条控制线图",
        "03县域三区图",
        "04县域国土空间规划分区图",
        "05县域历史文化保护规划图",
    ]
    expected = [f"140225浑源县{title}.{kind}" for title in titles for kind in ("jgw", "jpg", "pdf")]
    assert sorted(p.name for p in folder.iterdir()) == sorted(expected) == sorted(p.name for p in outcome.written_files)


@pytest.mark.exhaustive
def test_export_maps_writes_county_and_central_area_maps_of_the_sample_folder(provider, tmp_path):
    """Export every map of the catalogue at 300 dpi from the sample's folder."""
    before = {path.name: digest_files(path) for path in SAMPLE.parent.iterdir()}
    given = {"SOURCE": str(SAMPLE.parent), "PROFILE": "hunyuan", "FORMAT": "jpg", "OUTPUT": str(tmp_path / "图件")}
    found = run_algorithm("export_maps", {**PUBLIC_SECRECY, **given})
    made = [one for one in MAPS.map_by_id.values() if one.id not in SHEETS_OF_FURTHER_LAYERS]
    assert found["MADE"] == len(made) and len(found["NOT_MADE"].split("、")) == len(SHEETS_OF_FURTHER_LAYERS)
    files = sorted((tmp_path / "图件").iterdir())
    assert {path.name for path in files} == {f"140225浑源县{one.number:02d}{one.title}.jpg" for one in made}
    for path in files:
        assert read_jfif_density(path) == (1, 300, 300)
        assert read_jpg_size(path) == (4960, 3507)
        assert str(tmp_path).encode() not in path.read_bytes()
    assert {path.name: digest_files(path) for path in SAMPLE.parent.iterdir()} == before


def test_central_area_maps_without_layers_are_listed_as_not_made(exported_maps):
    lacking = {one.id: lack.key for one, lack in exported_maps[1].not_made}
    expected = {m.id: "no_centre" for m in MAPS.map_by_id.values() if m.scope == "centre"}
    assert lacking == expected | dict.fromkeys(SHEETS_OF_FURTHER_LAYERS, "layer_missing")


def test_exported_jpg_maps_have_the_requested_resolution_and_size(exported_maps):
    for path in exported_maps[0].glob("*.jpg"):
        assert read_jfif_density(path) == (1, 300, 300)
        # 420 × 297 mm at 300 dpi.
        assert read_jpg_size(path) == (4960, 3507)


def test_exported_maps_contain_no_user_name_machine_name_or_path(exported_maps, sample_map_builder, personal_names):
    secrets = {
        AUTHOR,
        "secret-path",
        str(Path.home()),
        str(exported_maps[0]),
        sample_map_builder.available_layers.project.title(),
    }
    # A short name may occur in the bytes of a picture by chance.
    secrets |= {
        *personal_names,
        *(name for name in (QgsApplication.userLoginName(), QgsApplication.userFullName()) if len(name) > 5),
    }
    for path in (p for p in exported_maps[0].iterdir() if p.suffix != ".jgw"):
        data = path.read_bytes()
        for secret in filter(None, secrets):
            for coded in (
                secret.encode("utf-8"),
                secret.encode("utf-16-be"),
                secret.encode("utf-16-be").hex().encode(),
            ):
                assert coded not in data, (path.name, secret)
        assert b"Exif\0" not in data and b"/CreationDate" not in data and b"/Author" not in data
        assert b"CreateDate" not in data and b"dc:creator" not in data


def test_exported_pdf_map_has_valid_offsets_the_map_title_and_a3_page_size(exported_maps):
    for path in exported_maps[0].glob("*.pdf"):
        data = path.read_bytes()
        assert is_complete_pdf(data)
        title = f"浑源县{path.stem[len('140225浑源县01') :]}"
        assert title.encode("utf-8") in data or title.encode("utf-16-be").hex().encode() in data
        # 420 × 297 mm in points.
        width, height = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data).groups()
        assert (round(float(width)), round(float(height))) == (1191, 842)


def test_exporting_the_same_map_twice_gives_identical_pdf_files(sample_map_builder, tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        run_order(sample_map_builder, make_map_order(folder, "three_zones", formats=("pdf",)))
    (one,), (two,) = first.iterdir(), second.iterdir()
    assert one.read_bytes() == two.read_bytes()


def test_world_file_of_an_exported_jpg_places_the_county_in_the_centre_of_the_map_frame(exported_maps):
    path = exported_maps[0] / "140225浑源县02县域三条控制线图.jgw"
    step, _, _, down, west, north = (float(v) for v in path.read_text().split())
    assert step == pytest.approx(220_000 * 0.0254 / 300) and down == -step
    xmin, ymin, xmax, ymax = pyogrio.read_info(SAMPLE, layer="XZQX")["total_bounds"]
    left, right = (xmin - west) / step, (xmax - west) / step
    top, bottom = (north - ymax) / step, (north - ymin) / step
    # The county is within the map's frame, 9 to 317 mm from the left and 30 to 288 from the top.
    dots = 300 / 25.4
    assert 9 * dots < left < right < 317 * dots and 30 * dots < top < bottom < 288 * dots
    assert (left + right) / 2 == pytest.approx(163 * dots, abs=2) and (top + bottom) / 2 == pytest.approx(
        159 * dots, abs=2
    )


@pytest.mark.exhaustive
def test_export_with_townships_writes_one_map_per_township(sample_map_builder, tmp_path):
    reported = []
    # A low resolution suffices, because the test counts pages.
    seventeen = make_map_order(tmp_path, "three_zones", adds_township_pages=True, dpi=72)
    outcome = run_order(sample_map_builder, seventeen, progress=lambda s, t: reported.append((s, t)))
    townships = gpd.read_file(SAMPLE, layer="XZQXZ")
    names = {f"{r.XZQDM}{r.XZQMC}03三区图.jpg" for r in townships.itertuples()} | {"140225浑源县03县域三区图.jpg"}
    assert {p.name for p in tmp_path.iterdir()} == names and len(outcome.written_files) == 17
    shares = [share for share, _ in reported]
    assert shares == sorted(shares) and len(reported) == 18 and reported[1][1] == "浑源县永安镇三区图"


def read_image_widths(data: bytes) -> list[int]:
    return [int(w) for w in re.findall(rb"/Subtype /Image\s+/Width (\d+)", data)]


def test_pdf_map_rasterises_a_layer_with_more_features_than_the_limit(sample_map_builder, tmp_path):
    sizes = {}
    for above in (MAPS.raster_above, 1000):
        builder = make_builder(sample_map_builder.available_layers.project, catalogue=replace(MAPS, raster_above=above))
        folder = tmp_path / str(above)
        folder.mkdir()
        run_order(builder, make_map_order(folder, "land_use", formats=("pdf",)))
        (path,) = folder.iterdir()
        sizes[above] = max(read_image_widths(path.read_bytes()), default=0)
    # The map's frame is 308 mm wide: 3638 dots.
    assert sizes[20000] < 1000 and sizes[1000] > 3000


# --- stopping, failing
def test_cancelled_map_export_leaves_the_output_folder_unchanged(sample_map_builder, tmp_path):
    old = tmp_path / "140225浑源县03县域三区图.jpg"
    old.write_bytes(b"of last year")
    pages = []

    cancellation = Cancellation(lambda: len(pages) == 3)
    with pytest.raises(Cancelled):
        run_order(
            sample_map_builder,
            make_map_order(tmp_path, "3", adds_township_pages=True),
            progress=lambda s, t: pages.append(t),
            cancellation=cancellation,
        )
    assert len(pages) == 3
    assert [p.name for p in tmp_path.iterdir()] == [old.name] and old.read_bytes() == b"of last year"


def test_failed_map_export_leaves_previous_maps_unchanged(sample_map_builder, tmp_path, monkeypatch):
    old = tmp_path / "140225浑源县03县域三区图.jpg"
    old.write_bytes(b"of last year")

    def fail(*_):
        raise OutputError("map_too_large", target="x", dpi=300)

    monkeypatch.setattr(export, "_write_pdf", fail)
    with pytest.raises(OutputError):
        run_order(sample_map_builder, make_map_order(tmp_path, "3", formats=("jpg", "pdf")))
    assert [p.name for p in tmp_path.iterdir()] == [old.name] and old.read_bytes() == b"of last year"


def test_map_export_replaces_previous_maps_and_keeps_other_files(sample_map_builder, tmp_path):
    old, other = tmp_path / "140225浑源县03县域三区图.jpg", tmp_path / "说明.txt"
    old.write_bytes(b"of last year")
    other.write_text("不动")
    run_order(sample_map_builder, make_map_order(tmp_path, "3"))
    assert {p.name for p in tmp_path.iterdir()} == {old.name, other.name}
    assert read_jpg_size(old) == (4960, 3507) and other.read_text() == "不动"


def test_map_export_leaves_the_opacity_of_project_layers_unchanged(sample_map_builder, tmp_path):
    parcels = sample_map_builder.available_layers.roles["DLTB"]
    heard = []
    parcels.opacityChanged.connect(heard.append)
    run_order(sample_map_builder, make_map_order(tmp_path, "land_use"))
    assert parcels.opacity() == 0.5 and heard == []


# --- a planner's own sheet
@pytest.mark.exhaustive
def test_map_export_prints_the_edits_of_a_saved_layout_and_adds_no_other_layout(qgis_app, tmp_path):
    project = open_sample_project(tmp_path)
    builder = make_builder(project, DocumentInfo(compiler="浑源县人民政府"))
    saved_layouts.save_layouts(builder, [(MAPS.map_by_id["three_zones"], A3, False)])
    layout = saved_layouts.find_layout(project, MAPS.map_by_id["three_zones"], A3, False)
    folder = tmp_path / "图"
    folder.mkdir()
    run_order(builder, make_map_order(folder, "three_zones", formats=("pdf",)))
    (path,) = folder.iterdir()
    before = path.read_bytes()
    layout.itemById("note").setText("本县自己的说明：图中数据截至2026年。")
    outcome = run_order(builder, make_map_order(folder, "three_zones", formats=("pdf",)))
    assert outcome.used_project_layout_names == [layout.name()] and path.read_bytes() != before
    assert len(project.layoutManager().printLayouts()) == 1


# --- 中心城区
@pytest.mark.exhaustive
def test_export_maps_writes_four_maps_of_the_central_area(provider, tmp_path):
    source = write_small(tmp_path / "中心城区.gpkg", **{**dict.fromkeys(make_small_layers()), **make_centre_layers()})
    log, folder = Log(), tmp_path / "图"
    result = run_algorithm(
        "export_maps", {**PUBLIC_SECRECY, "SOURCE": str(source), "FORMAT": "jpg", "OUTPUT": str(folder)}, log
    )
    assert {p.name for p in folder.iterdir()} == {
        "140225浑源县06中心城区用地现状图.jpg",
        "140225浑源县07中心城区土地使用规划图.jpg",
        "140225浑源县08中心城区规划分区图.jpg",
        "140225浑源县09中心城区城市四线控制图.jpg",
    }
    assert result["MADE"] == 4 and result["NOT_MADE"].startswith("县域用地现状图、县域三条控制线图、县域三区图")
    assert "land_use" not in "\n".join(log.lines)
    assert any("“县域三条控制线图”没有生成：缺城镇开发边界" in line for line in log.lines)
    # The frame of the town exists, the roads do not: “no layers of the central urban area” is not reported.
    assert any("“中心城区道路交通规划图”没有生成：缺交通设施（点）、道路中心线" in line for line in log.lines)


def test_central_area_layout_fills_its_frame_and_its_legend_lists_only_what_the_data_contain(qgis_app, tmp_path):

    source = write_small(tmp_path / "中心城区.gpkg", **{**dict.fromkeys(make_small_layers()), **make_centre_layers()})
    project = QgsProject()
    for name in make_centre_layers():
        project.addMapLayer(QgsVectorLayer(f"{source}|layername={name}", name, "ogr"))
    builder = make_builder(project)
    layout = builder.build_layout(MAPS.map_by_id["centre_lines"], A3)
    # 1 km in a frame of 308 × 258 mm.
    assert layout.itemById("map").scale() == pytest.approx(4000)
    shown = get_symbol_labels_by_layer_title(layout.itemById("legend"))
    assert list(shown)[:3] == ["中心城区范围", "城市蓝线", "城市绿线"] and "城市黄线" not in shown
    plan = builder.build_layout(MAPS.map_by_id["centre_plan"], A3)
    printed = get_symbol_labels_by_layer_title(plan.itemById("legend"))["规划用地用海分类"]
    assert set(printed) == {"城镇住宅", "教育", "公园绿地", "陆地水域"}
    # The frame of the map is on the locator, where the county is.
    overview = plan.itemById("locator").overviews().overview(0)
    assert overview.enabled() and overview.linkedMap() is plan.itemById("map")


# --- the algorithm
def test_export_maps_from_a_file_does_not_change_the_file(provider, tmp_path):
    before = digest_files(SAMPLE)
    log, folder = Log(), tmp_path / "图"
    parameters = {
        "SOURCE": str(SAMPLE),
        "FORMAT": "both",
        "SECRECY": "公开",
        "MAKER": "浑源县人民政府",
        "DATE": "2026年11月",
        "OUTPUT": str(folder),
    }
    result = run_algorithm("export_maps", {**parameters, "MAPS": "three_lines, heritage"}, log)
    assert {p.name for p in folder.iterdir()} == {
        f"140225浑源县{name}.{kind}"
        for name in ("02县域三条控制线图", "05县域历史文化保护规划图")
        for kind in ("jpg", "pdf")
    }
    assert result["MADE"] == 2 and result["FILES"] == 4 and digest_files(SAMPLE) == before
    assert not list(SAMPLE.parent.glob("*-wal")) and any(
        "已导出图件 2 幅（A3，300 dpi），4 个文件" in line for line in log.lines
    )


def test_export_maps_makes_a_map_of_a_gbk_shapefile_folder_and_leaves_the_folder_unchanged(provider, tmp_path):
    folder = tmp_path / "三线 成果"
    folder.mkdir()
    for role in ("XZQX", "XZQXZ", "CZKFBJ", "STBHHX", "YJJBNTBHTB"):
        rows = pyogrio.read_dataframe(SAMPLE, layer=role).head(50)
        pyogrio.write_dataframe(rows, folder / f"{role}.shp", encoding="GBK")
        (folder / f"{role}.cpg").unlink(missing_ok=True)
    before = digest_files(folder)
    parameters = {**PUBLIC_SECRECY, "SOURCE": str(folder), "MAPS": "three_lines", "FORMAT": "jpg"}
    run_algorithm("export_maps", {**parameters, "OUTPUT": str(tmp_path / "图")})
    assert [p.name for p in (tmp_path / "图").iterdir()] == ["140225浑源县02县域三条控制线图.jpg"]
    assert digest_files(folder) == before


def test_export_maps_uses_project_layers_and_adds_no_layout(provider, project, tmp_path):
    from plugin.bridge.new_project import sample

    sample.load_sample(project, sample.copy_sample(tmp_path / "copy"))
    folder = tmp_path / "图"
    run_algorithm("export_maps", {**PUBLIC_SECRECY, "MAPS": [2], "FORMAT": "pdf", "OUTPUT": str(folder)})
    assert [p.name for p in folder.iterdir()] == ["140225浑源县03县域三区图.pdf"]
    assert not project.layoutManager().printLayouts()


def test_export_maps_algorithm_is_flagged_to_run_on_the_main_thread(provider):
    from qgis.core import Qgis

    assert provider.algorithm("export_maps").flags() & Qgis.ProcessingAlgorithmFlag.NoThreading


@pytest.mark.exhaustive
def test_cancelling_export_maps_between_pages_leaves_no_file(provider, tmp_path):
    class Impatient(QgsProcessingFeedback):
        pages = 0

        def setProgressText(self, text):
            self.pages += 1
            if self.pages == 2:
                self.cancel()

    folder, feedback = tmp_path / "图", Impatient(False)
    parameters = {**PUBLIC_SECRECY, "SOURCE": str(SAMPLE), "FORMAT": "jpg", "OUTPUT": str(folder)}
    result = run_algorithm("export_maps", parameters, feedback)
    assert feedback.pages == 2 and result == {}
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "change, reported",
    [
        ({"SOURCE": "没有.gpkg"}, "找不到"),
        ({"MAPS": "no_such_map"}, "图件“no_such_map”不存在"),
        ({"MAP_SET": "没有.toml"}, "没有.toml"),
        (
            {"MAPS": "centre_plan,centre_zones"},
            "没有生成任何图件。“中心城区土地使用规划图”、“中心城区规划分区图”没有生成",
        ),
        ({"DPI": 299}, "DPI"),
    ],
)
def test_export_maps_reports_invalid_parameters_and_writes_no_map(provider, tmp_path, change, reported):
    parameters = {**PUBLIC_SECRECY, "SOURCE": str(SAMPLE), "OUTPUT": str(tmp_path / "图"), **change}
    with pytest.raises(QgsProcessingException, match=reported):
        run_algorithm("export_maps", parameters)
    assert not list(tmp_path.rglob("*.jpg"))


def test_custom_map_set_replaces_map_numbers_and_titles(provider, tmp_path):
    own = tmp_path / "本县图件.toml"
    own.write_text(
        maps.DEFAULT_MAP_SET.read_text(encoding="utf-8")
        .replace("number = 2\n", "number = 41\n")
        .replace("县域三条控制线图", "国土空间控制线规划图"),
        encoding="utf-8",
    )
    parameters = {**PUBLIC_SECRECY, "SOURCE": str(SAMPLE), "MAPS": "three_lines", "FORMAT": "jpg", "MAP_SET": str(own)}
    run_algorithm("export_maps", {**parameters, "OUTPUT": str(tmp_path / "图")})
    assert [p.name for p in (tmp_path / "图").iterdir()] == ["140225浑源县41国土空间控制线规划图.jpg"]


def test_every_compressed_stream_of_an_exported_pdf_can_be_decompressed(exported_maps):
    """Decompress every deflated stream: blanking of metadata changed none."""
    data = next(exported_maps[0].glob("*03*.pdf")).read_bytes()
    streams = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)endstream", data, re.DOTALL)
    assert streams and all(zlib.decompressobj().decompress(s) is not None for s in streams)


def test_township_stored_in_two_rows_gets_one_map_page(qgis_app, tmp_path):
    layers = make_centre_layers()
    parts = [make_square(0, 0, 5000, 10_000), make_square(5000, 0, 4000, 10_000), make_square(9000, 0, 1000, 10_000)]
    codes, names = ["140225100", "140225101", "140225100"], ["永安镇", "王庄堡镇", "永安镇"]
    layers["XZQXZ"] = make_table(parts, XZQDM=codes, XZQMC=names)
    layers["YDYHGHFQ"] = make_table([make_square(0, 0, 10_000, 10_000)], GHFQDM=["300"], GHFQMC=["农田保护区"])
    source = write_small(tmp_path / "飞地.gpkg", **{**dict.fromkeys(make_small_layers()), **layers})
    project = QgsProject()
    for name in ("XZQX", "XZQXZ", "YDYHGHFQ"):
        project.addMapLayer(QgsVectorLayer(f"{source}|layername={name}", name, "ogr"))
    folder = tmp_path / "图"
    folder.mkdir()
    run_order(make_builder(project), make_map_order(folder, "zones", adds_township_pages=True))
    assert {p.name for p in folder.iterdir()} == {
        "140225浑源县04县域国土空间规划分区图.jpg",
        "140225100永安镇04国土空间规划分区图.jpg",
        "140225101王庄堡镇04国土空间规划分区图.jpg",
    }


def test_maps_of_data_in_degrees_are_drawn_in_the_crs_zone_of_the_county(provider, tmp_path):
    """Draw EPSG:4490 data in the county's zone.

    A map in degrees would be distorted and have no scale.
    """
    from plugin.bridge.layouts.source import open_map_source
    from plugin.core.checks.check import RunOptions

    source = tmp_path / "度.gpkg"
    for name in ("XZQX", "XZQXZ", "YDYHGHFQ"):
        pyogrio.write_dataframe(gpd.read_file(SAMPLE, layer=name).to_crs(4490), source, layer=name, driver="GPKG")
    from plugin.bridge.layouts.build import LayoutBuilder

    with open_map_source(str(source), RunOptions()) as material:
        assert material.crs.authid() == "EPSG:4526"
        layout = LayoutBuilder(material, MAPS).build_layout(MAPS.map_by_id["zones"], A3)
        assert layout.itemById("map").scale() == pytest.approx(220_000)
        xmin, _, xmax, _ = pyogrio.read_info(SAMPLE, layer="XZQX")["total_bounds"]
        assert layout.itemById("map").extent().center().x() == pytest.approx((xmin + xmax) / 2, abs=100)
        del layout
