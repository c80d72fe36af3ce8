# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a package: rendered, given by the planner, or missing with a reason.

The map renderer is a fake.
"""

import io
import json
import struct
from dataclasses import replace

import pytest

from plugin.core.base.errors import Cancelled, DataError, OutputError
from plugin.core.base.files.digests import MANIFEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME, is_complete_package
from plugin.core.cli.examples.package_facts import A4_PIXELS, make_jpeg, make_pdf
from plugin.core.package import jpeg
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.export_order import RenderedMap
from plugin.core.package.jpeg import (
    DecodedJpeg,
    decode_jpeg,
    inspect_jpeg,
    write_map_description,
)
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.standard.map_set import MissingMapReason, load_map_set
from plugin.core.standard.messages.texts import Texts
from plugin.paths import PACKAGE_SPECS_FOLDER
from tests.core.package_fixtures import list_relative_paths
from tests.core.small_plan import explain_error, hash_files

COUNTY_SPEC = load_package_spec("county")
COUNTY_SPEC_TEXT = (PACKAGE_SPECS_FOLDER / "county.toml").read_text(encoding="utf-8")
MAP_PATH_START = "4-规划图件/140225浑源县"
#: The slots for which the generated county has layers.
COUNTY_MAP_NAMES = [
    "01县域用地现状图",
    "02县域三条控制线图",
    "03县域三区图",
    "04县域国土空间规划分区图",
    "05县域历史文化保护规划图",
]


@pytest.mark.parametrize("name", ["county", "city"])
def test_every_map_of_the_map_set_has_a_slot_in_the_package_spec(name):
    spec, maps = load_package_spec(name), load_map_set().map_by_id
    slots = [slot for slot in spec.files if slot.layout]
    assert {slot.layout for slot in slots} == set(maps)
    for slot in slots:
        assert int(slot.number) == maps[slot.layout].number
        # A package may lack the sheets of later versions.
        assert slot.file == "{code}{name}{number}{title}.jpg" and slot.need == ("C" if int(slot.number) <= 15 else "O")
    # No source text lists the maps.
    assert {"map.number", "map.title"} <= set(spec.unverified_keys) and spec.maps.dpi >= 300


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('layout = "three_lines"', 'layout = "three_lnes"', ["map[2].layout", "three_lnes", "three_lines"]),
        ('layout = "three_lines"', 'layout = "land_use"', ["map[2].layout", "land_use"]),
        ('number = "02"', 'number = "2"', ["map[2].number", "2"]),
        ('number = "02"', 'number = "01"', ["map[2].number", "01"]),
        ('number = "02"\n', "", ["map[2].number"]),
        ('title = "县域三条控制线图"', 'title = "三线:图"', ["map[2].title", "三线:图"]),
        ("dpi = 300", "dpi = 150", ["maps.dpi", "150", "300"]),
        ("dpi = 300", 'dpi = "300"', ["maps.dpi"]),
        ('page = "A3"', 'page = "A5"', ["maps.page", "A5", "A3"]),
        ('map_set = ""', 'map_set = "没有.toml"', ["没有.toml"]),
        ('maker = ""', 'maker = "{nmae}人民政府"', ["maps.maker", "nmae", "{name}"]),
        ("world_file = false", "worldfile = false", ["maps.worldfile", "world_file"]),
    ],
)
def test_invalid_map_section_of_a_package_spec_states_file_and_key(tmp_path, old, new, words):
    assert old in COUNTY_SPEC_TEXT
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY_SPEC_TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_package_spec(path)
    for lang in ("zh", "en"):
        assert all(word in Texts(lang).explain_error(caught.value) for word in words)


# -- the jpg reader, compared with another library


def test_size_and_resolution_of_a_jpeg_are_read(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for n, (size, options, dpi) in enumerate(
        [((37, 21), {"dpi": (300, 300)}, 300), ((5, 900), {"progressive": True}, None), ((8, 8), {"dpi": (96, 96)}, 96)]
    ):
        path = tmp_path / f"{n}.jpg"
        image.new("RGB", size, "red").save(path, "JPEG", **options)
        found = jpeg.inspect_jpeg(path)
        assert (found.width_px, found.height_px, found.is_complete) == (*size, True)
        assert found.dpi == (pytest.approx(dpi) if dpi else None)


def test_resolution_of_a_jpeg_is_read_from_exif_alone(tmp_path):
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = 120.0, 120.0, 3
    path = tmp_path / "a.jpg"
    image.new("RGB", (9, 9)).save(path, "JPEG", exif=exif)
    data = path.read_bytes()
    # As cameras write it: Exif without JFIF.
    path.write_bytes(b"\xff\xd8" + data[data.index(b"\xff\xe1") :])
    found = jpeg.inspect_jpeg(path)
    assert found.is_complete and found.dpi == pytest.approx(120 * 2.54)
    # Some programs write the unit in four bytes (kind 4) instead of two (kind 3).
    order = ">" if b"MM\x00*" in data else "<"
    entry = path.read_bytes().replace(
        struct.pack(f"{order}HHI", 0x0128, 3, 1), struct.pack(f"{order}HHI", 0x0128, 4, 1)
    )
    at = entry.index(struct.pack(f"{order}HHI", 0x0128, 4, 1)) + 8
    path.write_bytes(entry[:at] + struct.pack(f"{order}I", 3) + entry[at + 4 :])
    assert jpeg.inspect_jpeg(path).dpi == pytest.approx(120 * 2.54)


@pytest.mark.parametrize("keep", [0, 1, 2, 3, 10, 21, 30, 34, 40, -1])
def test_truncated_jpeg_is_not_accepted_as_complete(keep):
    data = make_jpeg()
    assert jpeg.read_jpeg(io.BytesIO(data)).is_complete and not jpeg.read_jpeg(io.BytesIO(data[:keep])).is_complete


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xffExif\0\0II", b"\xff\xd8" * 50]
)
def test_invalid_data_are_not_accepted_as_a_complete_jpeg(data):
    assert not jpeg.read_jpeg(io.BytesIO(data)).is_complete


# -- a package


class FakeRenderer:
    """A renderer that writes a fixed picture for each map and records the requests.

    ``lacks``: reason for a missing map by its title.
    """

    def __init__(self, dpi=300, lacks=None, stop_at="", content=None):
        self.dpi, self.lacks, self.stop_at, self.content, self.jobs = dpi, lacks or {}, stop_at, content, []

    def __call__(self, job):
        self.jobs.append(job)
        for n, request in enumerate(job.requests):
            job.report_progress(n / len(job.requests), request.map_spec.title)
            if request.map_spec.title == self.stop_at:
                raise Cancelled
            if request.map_spec.title in self.lacks:
                yield RenderedMap(request, missing_reason=self.lacks[request.map_spec.title])
                continue
            (job.target_folder / request.file_name).write_bytes(
                make_jpeg(self.dpi) if self.content is None else self.content
            )
            yield RenderedMap(request, (request.file_name,), "EPSG:4526", 250_000.0)


pytest_slow = pytest.mark.slow  # they write and read whole databases


@pytest.fixture(scope="module")
def checked_county(tmp_path_factory):
    pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    from plugin.core.checks.check import RunOptions, check_plan
    from tests.core.package_fixtures import write_clean_county

    return check_plan(write_clean_county(tmp_path_factory.mktemp("数据") / "county.gpkg"), RunOptions())


@pytest.fixture
def export_order(tmp_path):
    documents = tmp_path / "文档"
    documents.mkdir()
    (documents / "140225浑源县国土空间总体规划文本.pdf").write_bytes(make_pdf())
    return ExportOrder(COUNTY_SPEC, tmp_path / "结果", documents)


def list_map_files(path):
    """Return the relative paths of the maps in a package, sorted."""
    return sorted(name for name in list_relative_paths(path) if name.endswith(".jpg"))


def list_map_titles(done, origin):
    """Return number and title of the maps of an origin (rendered or given) in the manifest."""
    return [f"{row['number']}{row['title']}" for row in done.manifest["maps"] if row["origin"] == origin]


@pytest_slow
def test_exported_maps_have_the_file_names_of_the_package_spec(checked_county, export_order):
    renderer, reports = FakeRenderer(), []
    done = export_package(
        checked_county, export_order, map_renderer=renderer, progress=lambda share, text: reports.append((share, text))
    )
    assert list_map_files(done.path) == [
        f"{MAP_PATH_START}{name}.jpg" for name in COUNTY_MAP_NAMES
    ] and is_complete_package(done.path)
    (job,) = renderer.jobs
    assert (job.county_code, job.county_name, job.document_info.secrecy) == (
        "140225",
        "浑源县",
        "内部",
    ) and job.plan is checked_county.plan
    assert list_map_titles(done, "made") == COUNTY_MAP_NAMES and len(list_map_titles(done, "none")) == 17
    row = done.manifest["maps"][1]
    expected = {
        "file": f"{MAP_PATH_START}02县域三条控制线图.jpg",
        "layout": "three_lines",
        "dpi": 300.0,
        "width": A4_PIXELS[0],
        "height": A4_PIXELS[1],
    }
    assert expected.items() <= row.items() and (row["crs"], row["scale"]) == ("EPSG:4526", 250_000)
    slots = {one["id"]: one["files"] for one in done.manifest["slots"]}
    assert slots["map_three_lines"] == [row["file"]] and slots["map_centre_plan"] == []
    assert {f"{MAP_PATH_START}{name}.jpg" for name in COUNTY_MAP_NAMES} <= {
        one["path"] for one in done.manifest["files"]
    }
    # One message covers the ten maps without layers; the progress names the current map.
    problem = next(p for p in done.problems if p.key == "map_not_made" and p.count == 10)
    assert "中心城区" in problem.format_as_sentence(Texts("zh"))
    shares = [share for share, _ in reports]
    assert shares == sorted(shares) and "县域三条控制线图" in [text for _, text in reports]
    page = (done.path / MANIFEST_PAGE_FILE_NAME).read_text(encoding="utf-8")
    assert "按包内图层生成" in page and "1:250" in page


@pytest_slow
def test_map_given_by_the_planner_is_used_unchanged(checked_county, export_order):
    given_map = make_jpeg(600)
    (export_order.documents_folder / "140225浑源县02县域三条控制线图.jpg").write_bytes(given_map)
    renderer = FakeRenderer()
    done = export_package(checked_county, export_order, map_renderer=renderer)
    assert (done.path / f"{MAP_PATH_START}02县域三条控制线图.jpg").read_bytes() == given_map
    made_title = list_map_titles(done, "made")[0]
    (made_map,) = [path for path in list_map_files(done.path) if path.endswith(f"{made_title}.jpg")]
    description = jpeg.inspect_jpeg(done.path / made_map).map_description
    assert description == f"140225 {made_title[:2]} {made_title[2:]}"
    assert "three_lines" not in [request.slot.layout for request in renderer.jobs[0].requests]
    assert list_map_titles(done, "given") == ["02县域三条控制线图"] and len(list_map_titles(done, "made")) == 4
    (row,) = [row for row in done.manifest["maps"] if row["origin"] == "given"]
    assert row["dpi"] == 600.0 and row["scale"] is None


@pytest_slow
def test_map_with_the_number_or_title_of_a_given_map_is_not_rendered_and_the_given_file_is_named(
    checked_county, export_order
):
    for name in ("02三线图", "17县域三区图"):
        (export_order.documents_folder / f"140225浑源县{name}.jpg").write_bytes(make_jpeg())
    done = export_package(checked_county, export_order, map_renderer=FakeRenderer())
    assert [name.removeprefix(MAP_PATH_START)[:2] for name in list_map_files(done.path)] == [
        "01",
        "02",
        "04",
        "05",
        "17",
    ]
    message = " ".join(p.format_as_sentence(Texts("zh")) for p in done.problems if p.key == "map_not_made")
    assert "140225浑源县02三线图.jpg" in message and "140225浑源县17县域三区图.jpg" in message


@pytest_slow
@pytest.mark.parametrize(("wanted", "word"), [(True, "QGIS"), (False, "未选择由插件生成图件")])
def test_export_without_qgis_or_with_maps_switched_off_writes_no_maps_and_states_the_reason(
    checked_county, export_order, wanted, word
):
    done = export_package(
        checked_county, replace(export_order, makes_maps=wanted), map_renderer=None if wanted else FakeRenderer()
    )
    assert list_map_files(done.path) == [] and len(list_map_titles(done, "none")) == 22
    (problem,) = [p for p in done.problems if p.key == "map_not_made"]
    assert word in problem.format_as_sentence(Texts("zh")) and "县域三条控制线图" in problem.format_as_sentence(
        Texts("zh")
    )
    manifest = json.loads((done.path / MANIFEST_FILE_NAME).read_text(encoding="utf-8"))
    assert all(word in row["reason"] for row in manifest["maps"])


@pytest_slow
def test_new_export_replaces_rendered_maps_and_keeps_maps_edited_by_hand(checked_county, export_order):
    first = export_package(checked_county, export_order, map_renderer=FakeRenderer(300))
    (first.path / f"{MAP_PATH_START}01县域用地现状图.jpg").write_bytes(make_jpeg(450))
    second = export_package(checked_county, export_order, map_renderer=FakeRenderer(400))
    dots = {row["number"]: row["dpi"] for row in second.manifest["maps"] if row["file"]}
    assert dots == {"01": 450.0, "02": 400.0, "03": 400.0, "04": 400.0, "05": 400.0}
    assert list_map_titles(second, "given") == ["01县域用地现状图"]
    # A package exported without rendering does not keep the old rendered maps.
    third = export_package(checked_county, export_order)
    assert list_map_files(third.path) == [f"{MAP_PATH_START}01县域用地现状图.jpg"] and is_complete_package(third.path)


@pytest_slow
def test_map_that_cannot_be_rendered_is_reported_by_name(checked_county, export_order):
    lacks = {"县域三区图": MissingMapReason("too_large", {"dpi": "300"})}
    done = export_package(checked_county, export_order, map_renderer=FakeRenderer(lacks=lacks))
    sentences = [p.format_as_sentence(Texts("zh")) for p in done.problems if p.key == "map_not_made"]
    assert any("县域三区图" in one and "内存" in one for one in sentences)
    # A required map blocks the package unless it is forced.
    maps = tuple(replace(slot, need="M") if slot.layout == "three_zones" else slot for slot in COUNTY_SPEC.map_files)
    must = replace(export_order, package_spec=replace(COUNTY_SPEC, map_files=maps))
    before = hash_files(done.path)
    with pytest.raises(OutputError) as caught:
        export_package(checked_county, must, map_renderer=FakeRenderer(lacks=lacks))
    assert (
        "县域三区图" in explain_error(caught.value)
        and "强制生成" in explain_error(caught.value)
        and hash_files(done.path) == before
    )
    with pytest.raises(OutputError) as caught:
        export_package(checked_county, must)
    assert caught.value.key == "package_gate" and "QGIS" in explain_error(caught.value)
    forced = export_package(checked_county, replace(must, is_forced=True), map_renderer=FakeRenderer(lacks=lacks))
    assert forced.manifest["check"]["forced"] and "强制" in (forced.path / MANIFEST_PAGE_FILE_NAME).read_text(
        encoding="utf-8"
    )
    assert not export_package(checked_county, must, map_renderer=FakeRenderer()).manifest["check"]["forced"]


@pytest_slow
def test_rendered_map_that_cannot_be_read_stops_the_export(checked_county, export_order):
    with pytest.raises(OutputError) as caught:
        export_package(checked_county, export_order, map_renderer=FakeRenderer(content=make_jpeg()[:-2]))
    assert "县域用地现状图" in explain_error(caught.value) and not list(export_order.parent_folder.glob("*"))


@pytest_slow
def test_unusable_map_given_by_the_planner_stops_the_export(checked_county, export_order):
    path = export_order.documents_folder / "140225浑源县02县域三条控制线图.jpg"
    for content, word in ((make_jpeg(96), "300 dpi"), (make_jpeg()[:-2], "无法打开")):
        path.write_bytes(content)
        with pytest.raises(OutputError) as caught:
            export_package(checked_county, export_order, map_renderer=FakeRenderer())
        assert path.name in explain_error(caught.value) and word in explain_error(caught.value)


def test_description_written_into_a_map_is_read_back_and_leaves_the_picture_unchanged(tmp_path):
    path = tmp_path / "140225浑源县02县域三条控制线图.jpg"
    path.write_bytes(make_jpeg())
    before, decoded = inspect_jpeg(path), decode_jpeg(path)
    write_map_description(path, "140225", "02", "县域三条控制线图")
    after = inspect_jpeg(path)
    assert after.map_description == "140225 02 县域三条控制线图"
    assert replace(after, map_description="") == before
    assert decode_jpeg(path) == decoded


def test_gdal_decodes_a_jpeg_map_and_marks_a_jpeg_with_missing_bytes_as_unsound(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(make_jpeg())
    found = decode_jpeg(path)
    assert found.is_sound and found.max_difference > 100
    path.write_bytes(make_jpeg(drawn=False))
    assert decode_jpeg(path) == DecodedJpeg(max_difference=0)
    path.write_bytes(make_jpeg()[:20000] + make_jpeg()[24000:])
    assert decode_jpeg(path) == DecodedJpeg(is_sound=False)


def test_jpeg_map_is_not_decoded_without_the_jpg_driver_of_gdal(tmp_path, monkeypatch):
    from osgeo import gdal

    path = tmp_path / "a.jpg"
    path.write_bytes(b"no picture")
    monkeypatch.setattr(gdal, "GetDriverByName", lambda name: None)
    assert decode_jpeg(path) == DecodedJpeg(is_sound=True, max_difference=None)
