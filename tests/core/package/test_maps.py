# SPDX-License-Identifier: GPL-2.0-or-later
"""The maps of a package: the form's slots, which are made, which the planner gives, which are not, and why. Nothing is drawn here."""

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

FORM = load_package_spec("county")
COUNTY = (PACKAGES / "county.toml").read_text(encoding="utf-8")
MAPS = "4-规划图件/140225浑源县"
#: The slots that the made county has layers for.
WHOLE_COUNTY = [
    "01县域用地现状图",
    "02县域三条控制线图",
    "03县域三区图",
    "04县域国土空间规划分区图",
    "05县域历史文化保护规划图",
]


@pytest.mark.parametrize("name", ["county", "city"])
def test_every_map_of_the_set_has_a_slot(name):
    form, maps = load_package_spec(name), load_map_set().maps
    slots = [slot for slot in form.files if slot.layout]
    assert {slot.layout for slot in slots} == set(maps)
    for slot in slots:
        assert int(slot.number) == maps[slot.layout].number
        assert slot.file == "{code}{name}{number}{title}.jpg" and slot.need == "C"
    # No text lists them.
    assert {"map.number", "map.title"} <= set(form.unverified) and form.maps.dpi >= 300


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
def test_a_slip_of_the_form_is_told_with_file_and_key(tmp_path, old, new, words):
    assert old in COUNTY
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_package_spec(path)
    for lang in ("zh", "en"):
        assert all(word in Texts(lang).explain(caught.value) for word in words)


def test_a_map_without_layout_is_the_planners(tmp_path):
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY.replace('layout = "three_lines"\n', "", 1), encoding="utf-8")
    (slot,) = [s for s in load_package_spec(path).files if s.title == "县域三条控制线图"]
    assert slot.number == "02" and not slot.layout


# -- the reader of jpg, against another library


def test_what_a_jpg_says(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for n, (size, options, dpi) in enumerate(
        [((37, 21), {"dpi": (300, 300)}, 300), ((5, 900), {"progressive": True}, None), ((8, 8), {"dpi": (96, 96)}, 96)]
    ):
        path = tmp_path / f"{n}.jpg"
        image.new("RGB", size, "red").save(path, "JPEG", **options)
        found = jpeg.inspect_jpeg(path)
        assert (found.width, found.height, found.whole) == (*size, True)
        assert found.dpi == (pytest.approx(dpi) if dpi else None)


def test_dots_per_inch_in_exif_alone(tmp_path):
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = 120.0, 120.0, 3
    path = tmp_path / "a.jpg"
    image.new("RGB", (9, 9)).save(path, "JPEG", exif=exif)
    data = path.read_bytes()
    # As cameras write it: no JFIF, Exif at once.
    start = data.index(b"\xff\xe1")
    path.write_bytes(b"\xff\xd8" + data[start:])
    found = jpeg.inspect_jpeg(path)
    assert found.whole and found.dpi == pytest.approx(120 * 2.54)


@pytest.mark.parametrize("keep", [0, 1, 2, 3, 10, 21, 30, 34, 40, -1])
def test_a_jpg_that_breaks_off_is_not_whole(keep):
    data = jpg()
    assert jpeg.read_jpeg(io.BytesIO(data)).whole and not jpeg.read_jpeg(io.BytesIO(data[:keep])).whole


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xffExif\0\0II", b"\xff\xd8" * 50]
)
def test_what_is_no_jpg(data):
    assert not jpeg.read_jpeg(io.BytesIO(data)).whole


# -- a package


class Drawer:
    """Writes a pixel for every wish, and remembers them; ``lacks``: title → why there is none."""

    def __init__(self, dpi=300, lacks=None, stop_at="", content=None):
        self.dpi, self.lacks, self.stop_at, self.content, self.jobs = dpi, lacks or {}, stop_at, content, []

    def __call__(self, job):
        self.jobs.append(job)
        for n, wish in enumerate(job.requests):
            job.progress(n / len(job.requests), wish.one.title)
            if wish.one.title == self.stop_at:
                raise Cancelled
            if wish.one.title in self.lacks:
                yield RenderedMap(wish, lack=self.lacks[wish.one.title])
                continue
            (job.folder / wish.file).write_bytes(jpg(self.dpi) if self.content is None else self.content)
            yield RenderedMap(wish, (wish.file,), "EPSG:4526", 250_000.0)


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
    return ExportOrder(FORM, tmp_path / "结果", documents)


def jpgs(path):
    return sorted(name for name in names(path) if name.endswith(".jpg"))


def rows(done, origin):
    return [f"{row['number']}{row['title']}" for row in done.manifest["maps"] if row["origin"] == origin]


@pytest_slow
def test_maps_are_made_under_the_names_asked_for(checked, order):
    drawer, told = Drawer(), []
    done = export_package(checked, order, draw=drawer, progress=lambda share, text: told.append((share, text)))
    assert jpgs(done.path) == [f"{MAPS}{name}.jpg" for name in WHOLE_COUNTY] and is_whole(done.path)
    (job,) = drawer.jobs
    assert (job.code, job.name, job.document.secrecy) == ("140225", "浑源县", "内部") and job.plan is checked.plan
    assert rows(done, "made") == WHOLE_COUNTY and len(rows(done, "none")) == 10
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
    # One sentence for the ten that the county has no layers for; progress says which map is drawn.
    (problem,) = [p for p in done.problems if p.key == "map_not_made"]
    assert problem.count == 10 and "中心城区" in problem.sentence(Texts("zh"))
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and "县域三条控制线图" in [text for _, text in told]
    page = (done.path / PAGE).read_text(encoding="utf-8")
    assert "按包内图层生成" in page and "1:250" in page


@pytest_slow
def test_any_map_is_told_once_and_must_be_there_where_the_form_says_so(checked, order):
    """The slot for any map has nothing to say while maps are made, nor twice when they are not."""
    for draw in (Drawer(), None):
        done = export_package(checked, order, draw=draw)
        assert not [p for p in done.problems if "规划图件" in p.sentence(Texts("zh"))]
    files = tuple(replace(slot, need="M") if slot.id == "maps" else slot for slot in FORM.files)
    must = replace(order, package_spec=replace(FORM, files=files))
    with pytest.raises(OutputError) as caught:
        export_package(checked, must)
    assert "规划图件" in explain_error(caught.value)
    assert not export_package(checked, must, draw=Drawer()).manifest["check"]["forced"]


def test_the_title_block_is_the_counties_own(tmp_path):
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY.replace('maker = ""', 'maker = "{name}人民政府"', 1), encoding="utf-8")
    info = load_package_spec(path).document_info({"code": "140225", "name": "浑源县"})
    assert info == DocumentInfo(secrecy="内部", compiler="浑源县人民政府")


@pytest_slow
def test_a_map_of_the_planners_wins_byte_for_byte(checked, order):
    own = jpg(600)
    (order.documents / "140225浑源县02县域三条控制线图.jpg").write_bytes(own)
    drawer = Drawer()
    done = export_package(checked, order, draw=drawer)
    assert (done.path / f"{MAPS}02县域三条控制线图.jpg").read_bytes() == own
    assert "three_lines" not in [wish.slot.layout for wish in drawer.jobs[0].requests]
    assert rows(done, "given") == ["02县域三条控制线图"] and len(rows(done, "made")) == 4
    (row,) = [row for row in done.manifest["maps"] if row["origin"] == "given"]
    assert row["dpi"] == 600.0 and row["scale"] is None


@pytest_slow
def test_a_number_or_title_of_the_planners_is_not_given_twice(checked, order):
    for name in ("02三线图", "17县域三区图"):
        (order.documents / f"140225浑源县{name}.jpg").write_bytes(jpg())
    done = export_package(checked, order, draw=Drawer())
    assert [name.removeprefix(MAPS)[:2] for name in jpgs(done.path)] == ["01", "02", "04", "05", "17"]
    told = " ".join(p.sentence(Texts("zh")) for p in done.problems if p.key == "map_not_made")
    assert "140225浑源县02三线图.jpg" in told and "140225浑源县17县域三区图.jpg" in told


@pytest_slow
@pytest.mark.parametrize(("wanted", "says"), [(True, "QGIS"), (False, "未选择由插件生成图件")])
def test_maps_that_nobody_draws_are_told(checked, order, wanted, says):
    done = export_package(checked, replace(order, maps=wanted), draw=None if wanted else Drawer())
    assert jpgs(done.path) == [] and len(rows(done, "none")) == 15
    (problem,) = [p for p in done.problems if p.key == "map_not_made"]
    assert says in problem.sentence(Texts("zh")) and "县域三条控制线图" in problem.sentence(Texts("zh"))
    manifest = json.loads((done.path / MANIFEST).read_text(encoding="utf-8"))
    assert all(says in row["reason"] for row in manifest["maps"])


@pytest_slow
def test_what_was_made_before_is_made_anew_and_what_was_changed_by_hand_stays(checked, order):
    first = export_package(checked, order, draw=Drawer(300))
    by_hand = first.path / f"{MAPS}01县域用地现状图.jpg"
    by_hand.write_bytes(jpg(450))
    second = export_package(checked, order, draw=Drawer(400))
    dots = {row["number"]: row["dpi"] for row in second.manifest["maps"] if row["file"]}
    assert dots == {"01": 450.0, "02": 400.0, "03": 400.0, "04": 400.0, "05": 400.0}
    assert rows(second, "given") == ["01县域用地现状图"]
    # Maps of the plan as it was do not stay in a package that is made without.
    third = export_package(checked, order)
    assert jpgs(third.path) == [f"{MAPS}01县域用地现状图.jpg"] and is_whole(third.path)


@pytest_slow
def test_a_stop_between_two_maps_leaves_the_former_package(checked, order):
    first = export_package(checked, order, draw=Drawer())
    before = digest(first.path)
    with pytest.raises(Cancelled):
        export_package(checked, order, draw=Drawer(400, stop_at="县域三区图"))
    assert digest(first.path) == before and [p.name for p in order.folder.iterdir()] == [first.path.name]


@pytest_slow
def test_a_map_that_cannot_be_drawn_is_told_by_name(checked, order):
    lacks = {"县域三区图": MissingInput("too_large", {"dpi": "300"})}
    done = export_package(checked, order, draw=Drawer(lacks=lacks))
    (problem,) = [p for p in done.problems if p.key == "map_not_made" and p.count == 1]
    assert "县域三区图" in problem.sentence(Texts("zh")) and "内存" in problem.sentence(Texts("zh"))
    # Where the form must have it, there is no package without it, unless somebody insists.
    files = tuple(replace(slot, need="M") if slot.layout == "three_zones" else slot for slot in FORM.files)
    must = replace(order, package_spec=replace(FORM, files=files))
    before = digest(done.path)
    with pytest.raises(OutputError) as caught:
        export_package(checked, must, draw=Drawer(lacks=lacks))
    assert (
        "县域三区图" in explain_error(caught.value)
        and "强制生成" in explain_error(caught.value)
        and digest(done.path) == before
    )
    with pytest.raises(OutputError) as caught:
        export_package(checked, must)
    assert caught.value.key == "package_gate" and "QGIS" in explain_error(caught.value)
    forced = export_package(checked, replace(must, force=True), draw=Drawer(lacks=lacks))
    assert forced.manifest["check"]["forced"] and "强制" in (forced.path / PAGE).read_text(encoding="utf-8")
    assert not export_package(checked, must, draw=Drawer()).manifest["check"]["forced"]


@pytest_slow
def test_a_file_that_cannot_be_read_again_makes_no_package(checked, order):
    with pytest.raises(OutputError) as caught:
        export_package(checked, order, draw=Drawer(content=jpg()[:-2]))
    assert "县域用地现状图" in explain_error(caught.value) and not list(order.folder.glob("*"))


@pytest_slow
def test_a_coarse_or_broken_map_of_the_planners_shuts_the_gate(checked, order):
    path = order.documents / "140225浑源县02县域三条控制线图.jpg"
    for content, says in ((jpg(96), "300 dpi"), (jpg()[:-2], "无法打开")):
        path.write_bytes(content)
        with pytest.raises(OutputError) as caught:
            export_package(checked, order, draw=Drawer())
        assert path.name in explain_error(caught.value) and says in explain_error(caught.value)
