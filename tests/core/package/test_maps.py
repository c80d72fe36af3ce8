# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a package: slots, rendered and given maps, reasons for missing maps; rendering is faked."""

import io
import json
from dataclasses import replace

import pytest

from plugin.core.errors import Cancelled, DataError, OutputError
from plugin.core.files.digests import MANIFEST, PAGE, is_whole
from plugin.core.messages.texts import Texts
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.maps import jpeg
from plugin.core.package.maps.slots import RenderedMap
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.profile import DocumentInfo
from plugin.core.standard.map_set import MissingInput, load_map_set
from plugin.paths import PACKAGES
from tests.core.package_fixtures import A4, jpg, names, pdf
from tests.core.small_plan import digest, explain_error

SPEC = load_package_spec("county")
COUNTY = (PACKAGES / "county.toml").read_text(encoding="utf-8")
MAPS = "4-规划图件/140225浑源县"
#: The slots for which the generated county has layers.
WHOLE_COUNTY = [
    "01县域用地现状图",
    "02县域三条控制线图",
    "03县域三区图",
    "04县域国土空间规划分区图",
    "05县域历史文化保护规划图",
]


@pytest.mark.parametrize("name", ["county", "city"])
def test_every_map_of_the_set_has_a_slot(name):
    spec, maps = load_package_spec(name), load_map_set().maps
    slots = [slot for slot in spec.files if slot.layout]
    assert {slot.layout for slot in slots} == set(maps)
    for slot in slots:
        assert int(slot.number) == maps[slot.layout].number
        assert slot.file == "{code}{name}{number}{title}.jpg" and slot.need == "C"
    # No source text lists the maps.
    assert {"map.number", "map.title"} <= set(spec.unverified) and spec.maps.dpi >= 300


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
def test_invalid_specification_names_file_and_key(tmp_path, old, new, words):
    assert old in COUNTY
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_package_spec(path)
    for lang in ("zh", "en"):
        assert all(word in Texts(lang).explain(caught.value) for word in words)


def test_map_without_a_layout_is_given_by_the_planner(tmp_path):
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY.replace('layout = "three_lines"\n', "", 1), encoding="utf-8")
    (slot,) = [s for s in load_package_spec(path).files if s.title == "县域三条控制线图"]
    assert slot.number == "02" and not slot.layout


# -- the jpg reader, compared with another library


def test_jpeg_size_and_resolution_are_read(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for n, (size, options, dpi) in enumerate(
        [((37, 21), {"dpi": (300, 300)}, 300), ((5, 900), {"progressive": True}, None), ((8, 8), {"dpi": (96, 96)}, 96)]
    ):
        path = tmp_path / f"{n}.jpg"
        image.new("RGB", size, "red").save(path, "JPEG", **options)
        found = jpeg.inspect_jpeg(path)
        assert (found.width, found.height, found.whole) == (*size, True)
        assert found.dpi == (pytest.approx(dpi) if dpi else None)


def test_resolution_is_read_from_exif_alone(tmp_path):
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = 120.0, 120.0, 3
    path = tmp_path / "a.jpg"
    image.new("RGB", (9, 9)).save(path, "JPEG", exif=exif)
    data = path.read_bytes()
    # As cameras write it: Exif without JFIF.
    start = data.index(b"\xff\xe1")
    path.write_bytes(b"\xff\xd8" + data[start:])
    found = jpeg.inspect_jpeg(path)
    assert found.whole and found.dpi == pytest.approx(120 * 2.54)


@pytest.mark.parametrize("keep", [0, 1, 2, 3, 10, 21, 30, 34, 40, -1])
def test_truncated_jpeg_is_not_complete(keep):
    data = jpg()
    assert jpeg.read_jpeg(io.BytesIO(data)).whole and not jpeg.read_jpeg(io.BytesIO(data[:keep])).whole


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xffExif\0\0II", b"\xff\xd8" * 50]
)
def test_invalid_data_is_not_a_complete_jpeg(data):
    assert not jpeg.read_jpeg(io.BytesIO(data)).whole


# -- a package


class FakeRenderer:
    """Writes a fixed picture for every request and records the jobs.

    ``lacks``: title → reason for a missing map.
    """

    def __init__(self, dpi=300, lacks=None, stop_at="", content=None):
        self.dpi, self.lacks, self.stop_at, self.content, self.jobs = dpi, lacks or {}, stop_at, content, []

    def __call__(self, job):
        self.jobs.append(job)
        for n, request in enumerate(job.requests):
            job.progress(n / len(job.requests), request.one.title)
            if request.one.title == self.stop_at:
                raise Cancelled
            if request.one.title in self.lacks:
                yield RenderedMap(request, lack=self.lacks[request.one.title])
                continue
            (job.folder / request.file).write_bytes(jpg(self.dpi) if self.content is None else self.content)
            yield RenderedMap(request, (request.file,), "EPSG:4526", 250_000.0)


pytest_slow = pytest.mark.slow  # they write and read whole databases


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    from plugin.core.check import Options, check_plan
    from tests.county import make_county
    from tests.county.write import write_geopackage

    path = tmp_path_factory.mktemp("数据") / "county.gpkg"
    write_geopackage(path, make_county(300, defects=False)[0])
    return check_plan(path, Options())


@pytest.fixture
def order(tmp_path):
    documents = tmp_path / "文档"
    documents.mkdir()
    (documents / "140225浑源县国土空间总体规划文本.pdf").write_bytes(pdf())
    return ExportOrder(SPEC, tmp_path / "结果", documents)


def list_jpgs(path):
    return sorted(name for name in names(path) if name.endswith(".jpg"))


def map_titles(done, origin):
    return [f"{row['number']}{row['title']}" for row in done.manifest["maps"] if row["origin"] == origin]


@pytest_slow
def test_maps_are_rendered_under_the_specified_names(checked, order):
    renderer, reports = FakeRenderer(), []
    done = export_package(checked, order, draw=renderer, progress=lambda share, text: reports.append((share, text)))
    assert list_jpgs(done.path) == [f"{MAPS}{name}.jpg" for name in WHOLE_COUNTY] and is_whole(done.path)
    (job,) = renderer.jobs
    assert (job.code, job.name, job.document.secrecy) == ("140225", "浑源县", "内部") and job.plan is checked.plan
    assert map_titles(done, "made") == WHOLE_COUNTY and len(map_titles(done, "none")) == 10
    row = done.manifest["maps"][1]
    expected = {
        "file": f"{MAPS}02县域三条控制线图.jpg",
        "layout": "three_lines",
        "dpi": 300.0,
        "width": A4[0],
        "height": A4[1],
    }
    assert expected.items() <= row.items() and (row["crs"], row["scale"]) == ("EPSG:4526", 250_000)
    slots = {one["id"]: one["files"] for one in done.manifest["slots"]}
    assert slots["map_three_lines"] == [row["file"]] and slots["map_centre_plan"] == []
    assert {f"{MAPS}{name}.jpg" for name in WHOLE_COUNTY} <= {one["path"] for one in done.manifest["files"]}
    # One message covers the ten maps without layers; the progress names the current map.
    (problem,) = [p for p in done.problems if p.key == "map_not_made"]
    assert problem.count == 10 and "中心城区" in problem.sentence(Texts("zh"))
    shares = [share for share, _ in reports]
    assert shares == sorted(shares) and "县域三条控制线图" in [text for _, text in reports]
    page = (done.path / PAGE).read_text(encoding="utf-8")
    assert "按包内图层生成" in page and "1:250" in page


@pytest_slow
def test_generic_map_slot_is_reported_only_where_required(checked, order):
    """The slot for any map gives no message while maps are rendered and no second one otherwise."""
    for draw in (FakeRenderer(), None):
        done = export_package(checked, order, draw=draw)
        assert not [p for p in done.problems if "规划图件" in p.sentence(Texts("zh"))]
    files = tuple(replace(slot, need="M") if slot.id == "maps" else slot for slot in SPEC.files)
    must = replace(order, package_spec=replace(SPEC, files=files))
    with pytest.raises(OutputError) as caught:
        export_package(checked, must)
    assert "规划图件" in explain_error(caught.value)
    assert not export_package(checked, must, draw=FakeRenderer()).manifest["check"]["forced"]


def test_title_block_uses_the_name_of_the_county(tmp_path):
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY.replace('maker = ""', 'maker = "{name}人民政府"', 1), encoding="utf-8")
    info = load_package_spec(path).document_info({"code": "140225", "name": "浑源县"})
    assert info == DocumentInfo(secrecy="内部", compiler="浑源县人民政府")


@pytest_slow
def test_map_of_the_planner_is_used_unchanged(checked, order):
    given_map = jpg(600)
    (order.documents / "140225浑源县02县域三条控制线图.jpg").write_bytes(given_map)
    renderer = FakeRenderer()
    done = export_package(checked, order, draw=renderer)
    assert (done.path / f"{MAPS}02县域三条控制线图.jpg").read_bytes() == given_map
    assert "three_lines" not in [request.slot.layout for request in renderer.jobs[0].requests]
    assert map_titles(done, "given") == ["02县域三条控制线图"] and len(map_titles(done, "made")) == 4
    (row,) = [row for row in done.manifest["maps"] if row["origin"] == "given"]
    assert row["dpi"] == 600.0 and row["scale"] is None


@pytest_slow
def test_numbers_and_titles_of_given_maps_are_not_reused(checked, order):
    for name in ("02三线图", "17县域三区图"):
        (order.documents / f"140225浑源县{name}.jpg").write_bytes(jpg())
    done = export_package(checked, order, draw=FakeRenderer())
    assert [name.removeprefix(MAPS)[:2] for name in list_jpgs(done.path)] == ["01", "02", "04", "05", "17"]
    message = " ".join(p.sentence(Texts("zh")) for p in done.problems if p.key == "map_not_made")
    assert "140225浑源县02三线图.jpg" in message and "140225浑源县17县域三区图.jpg" in message


@pytest_slow
@pytest.mark.parametrize(("wanted", "word"), [(True, "QGIS"), (False, "未选择由插件生成图件")])
def test_missing_renderer_is_reported(checked, order, wanted, word):
    done = export_package(checked, replace(order, maps=wanted), draw=None if wanted else FakeRenderer())
    assert list_jpgs(done.path) == [] and len(map_titles(done, "none")) == 15
    (problem,) = [p for p in done.problems if p.key == "map_not_made"]
    assert word in problem.sentence(Texts("zh")) and "县域三条控制线图" in problem.sentence(Texts("zh"))
    manifest = json.loads((done.path / MANIFEST).read_text(encoding="utf-8"))
    assert all(word in row["reason"] for row in manifest["maps"])


@pytest_slow
def test_rendered_maps_are_replaced_and_edited_maps_kept(checked, order):
    first = export_package(checked, order, draw=FakeRenderer(300))
    edited = first.path / f"{MAPS}01县域用地现状图.jpg"
    edited.write_bytes(jpg(450))
    second = export_package(checked, order, draw=FakeRenderer(400))
    dots = {row["number"]: row["dpi"] for row in second.manifest["maps"] if row["file"]}
    assert dots == {"01": 450.0, "02": 400.0, "03": 400.0, "04": 400.0, "05": 400.0}
    assert map_titles(second, "given") == ["01县域用地现状图"]
    # A package exported without rendering does not keep the old rendered maps.
    third = export_package(checked, order)
    assert list_jpgs(third.path) == [f"{MAPS}01县域用地现状图.jpg"] and is_whole(third.path)


@pytest_slow
def test_cancellation_between_two_maps_keeps_the_old_package(checked, order):
    first = export_package(checked, order, draw=FakeRenderer())
    before = digest(first.path)
    with pytest.raises(Cancelled):
        export_package(checked, order, draw=FakeRenderer(400, stop_at="县域三区图"))
    assert digest(first.path) == before and [p.name for p in order.folder.iterdir()] == [first.path.name]


@pytest_slow
def test_unrenderable_map_is_reported_by_name(checked, order):
    lacks = {"县域三区图": MissingInput("too_large", {"dpi": "300"})}
    done = export_package(checked, order, draw=FakeRenderer(lacks=lacks))
    (problem,) = [p for p in done.problems if p.key == "map_not_made" and p.count == 1]
    assert "县域三区图" in problem.sentence(Texts("zh")) and "内存" in problem.sentence(Texts("zh"))
    # A required map blocks the package unless it is forced.
    files = tuple(replace(slot, need="M") if slot.layout == "three_zones" else slot for slot in SPEC.files)
    must = replace(order, package_spec=replace(SPEC, files=files))
    before = digest(done.path)
    with pytest.raises(OutputError) as caught:
        export_package(checked, must, draw=FakeRenderer(lacks=lacks))
    assert (
        "县域三区图" in explain_error(caught.value)
        and "强制生成" in explain_error(caught.value)
        and digest(done.path) == before
    )
    with pytest.raises(OutputError) as caught:
        export_package(checked, must)
    assert caught.value.key == "package_gate" and "QGIS" in explain_error(caught.value)
    forced = export_package(checked, replace(must, force=True), draw=FakeRenderer(lacks=lacks))
    assert forced.manifest["check"]["forced"] and "强制" in (forced.path / PAGE).read_text(encoding="utf-8")
    assert not export_package(checked, must, draw=FakeRenderer()).manifest["check"]["forced"]


@pytest_slow
def test_unreadable_rendered_map_stops_the_export(checked, order):
    with pytest.raises(OutputError) as caught:
        export_package(checked, order, draw=FakeRenderer(content=jpg()[:-2]))
    assert "县域用地现状图" in explain_error(caught.value) and not list(order.folder.glob("*"))


@pytest_slow
def test_unusable_map_of_the_planner_closes_the_gate(checked, order):
    path = order.documents / "140225浑源县02县域三条控制线图.jpg"
    for content, word in ((jpg(96), "300 dpi"), (jpg()[:-2], "无法打开")):
        path.write_bytes(content)
        with pytest.raises(OutputError) as caught:
            export_package(checked, order, draw=FakeRenderer())
        assert path.name in explain_error(caught.value) and word in explain_error(caught.value)
