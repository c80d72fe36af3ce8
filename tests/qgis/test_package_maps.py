# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the maps that export_package draws: source, thread, names, metadata."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import pyogrio
import pytest
from pyproj import CRS
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProject,
    QgsTask,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QThread

from plugin.bridge.layouts import package_maps
from plugin.bridge.layouts.source import write_map_layer
from plugin.bridge.running.threads import call_on_main
from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.base.files.digests import is_complete_package
from plugin.core.cli.examples.package_facts import make_jpeg, make_pdf
from plugin.core.standard import load_standard
from plugin.paths import PACKAGE_SPECS_FOLDER
from tests.core.package_fixtures import write_clean_county
from tests.core.small_plan import hash_files
from tests.parametrize import first_daily
from tests.personal_names import set_personal_names
from tests.qgis.helpers import Log, run_algorithm
from tests.qgis.maps_helpers import read_jfif_density, read_jpg_size
from tests.qgis.waiting import PATIENCE_SECONDS, run_task, wait_until

pytestmark = [pytest.mark.usefixtures("provider", "project"), pytest.mark.slow]

PACKAGE_NAME = "140225浑源县国土空间总体规划"
MAPS_FOLDER = f"{PACKAGE_NAME}/4-规划图件"
MAP_FILE_NAMES = [
    f"140225浑源县{name}.jpg"
    for name in (
        "01县域用地现状图",
        "02县域三条控制线图",
        "03县域三区图",
        "04县域国土空间规划分区图",
        "05县域历史文化保护规划图",
    )
]


@pytest.fixture(scope="module")
def county_file(tmp_path_factory):
    return write_clean_county(tmp_path_factory.mktemp("数据") / "county.gpkg")


@pytest.fixture
def export_parameters(tmp_path, county_file):
    documents = tmp_path / "文档"
    documents.mkdir()
    (documents / "140225浑源县国土空间总体规划文本.pdf").write_bytes(make_pdf())
    return {"SOURCE": str(county_file), "DOCUMENTS": str(documents), "OUTPUT": str(tmp_path / "结果")}


def make_package_spec(tmp_path, *changes):
    text = (PACKAGE_SPECS_FOLDER / "county.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "某省.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def read_manifest(export_parameters):
    return json.loads((Path(export_parameters["OUTPUT"]) / PACKAGE_NAME / "manifest.json").read_text(encoding="utf-8"))


def list_maps(export_parameters):
    return {path.name: path for path in (Path(export_parameters["OUTPUT"]) / MAPS_FOLDER).glob("*")}


@pytest.fixture(scope="module")
def two_maps_specification():
    """Return changes that reduce the package specification to two maps.

    This saves time.
    """
    return [('layout = "zones"\n', ""), ('layout = "three_zones"\n', ""), ('layout = "heritage"\n', "")]


def test_export_package_makes_the_maps_and_the_package_passes_inspection(export_parameters, tmp_path):
    # The open project is another county with the same names.
    project = QgsProject.instance()
    for name in ("CZKFBJ", "STBHHX", "YJJBNTBHTB", "XZQX"):
        project.addMapLayer(QgsVectorLayer("Polygon?crs=EPSG:4526", name, "memory"))
    before = sorted(project.mapLayers())
    feedback = Log()
    run_algorithm("export_package", export_parameters, feedback)
    maps = list_maps(export_parameters)
    assert sorted(maps) == MAP_FILE_NAMES
    for path in maps.values():
        assert read_jfif_density(path) == (1, 300, 300) and min(read_jpg_size(path)) > 3500
    assert [row["origin"] for row in read_manifest(export_parameters)["maps"]].count("made") == 5
    assert sorted(project.mapLayers()) == before and not project.layoutManager().printLayouts()
    assert any("县域三条控制线图" in line for line in feedback.lines)
    done = run_algorithm(
        "inspect_package",
        {"INPUT": str(Path(export_parameters["OUTPUT"]) / PACKAGE_NAME), "OUTPUT_JSON": str(tmp_path / "r.json")},
    )
    assert done["VERDICT"] == "conditional" and done["ERRORS"] == 0
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["findings"]
    # The county has no layers of a central urban area, so the maps of one are not missing.
    assert not [f["message"] for f in found if "图" in f["message"]]
    assert "图件 5 幅" in (tmp_path / "r.json").read_text(encoding="utf-8")


@pytest.mark.exhaustive
def test_maps_in_a_package_show_unsaved_edits_of_the_exported_layers(
    export_parameters, tmp_path, county_file, two_maps_specification
):
    """Edit a layer and compare the map, because the package contains the edit."""
    form = make_package_spec(tmp_path, *two_maps_specification)
    run_algorithm("export_package", {**export_parameters, "PACKAGE": form})
    first = list_maps(export_parameters)[MAP_FILE_NAMES[1]].read_bytes()
    project = QgsProject.instance()
    import fiona

    for name in fiona.listlayers(county_file):
        project.addMapLayer(QgsVectorLayer(f"{county_file}|layername={name}", name, "ogr"))
    again = {key: value for key, value in export_parameters.items() if key != "SOURCE"} | {"PACKAGE": form}
    run_algorithm("export_package", again)
    assert list_maps(export_parameters)[MAP_FILE_NAMES[1]].read_bytes() == first
    (farmland,) = project.mapLayersByName("YJJBNTBHTB")
    farmland.startEditing()
    for feature in list(farmland.getFeatures())[:40]:
        farmland.deleteFeature(feature.id())
    run_algorithm("export_package", {**again, "FORCE": True})
    farmland.rollBack()
    assert list_maps(export_parameters)[MAP_FILE_NAMES[1]].read_bytes() != first


def test_supplied_map_is_packed_unchanged_and_a_drawn_one_contains_no_user_name_and_no_path(
    export_parameters, tmp_path, two_maps_specification, monkeypatch
):
    names = set_personal_names(monkeypatch)
    own = make_jpeg(600) + b"\n mine"
    (Path(export_parameters["DOCUMENTS"]) / MAP_FILE_NAMES[1]).write_bytes(own)
    run_algorithm(
        "export_package", {**export_parameters, "PACKAGE": make_package_spec(tmp_path, *two_maps_specification)}
    )
    maps = list_maps(export_parameters)
    assert sorted(maps) == MAP_FILE_NAMES[:2] and maps[MAP_FILE_NAMES[1]].read_bytes() == own
    origins = {row["number"]: row["origin"] for row in read_manifest(export_parameters)["maps"] if row["file"]}
    assert origins == {"01": "made", "02": "given"}
    content = maps[MAP_FILE_NAMES[0]].read_bytes()
    head = content[: content.index(b"\xff\xda")]
    assert b"Exif" not in head and b"http" not in head and b"QGIS" not in head
    for secret in ["/tmp", "tmp/", str(Path.home()), *names]:
        for codec in ("utf-8", "utf-16-le"):
            assert secret.encode(codec) not in head, secret


def test_export_package_with_maps_switched_off_writes_a_valid_manifest_and_logs_missing_maps(export_parameters):
    feedback = Log()
    run_algorithm("export_package", {**export_parameters, "MAPS": False}, feedback)
    assert not list_maps(export_parameters) and is_complete_package(Path(export_parameters["OUTPUT"]) / PACKAGE_NAME)
    assert any("生成文档文件夹中没有的图件" in line and "县域三条控制线图" in line for line in feedback.lines)


@pytest.mark.exhaustive
def test_maps_in_a_package_have_resolution_and_world_file_of_the_specification(
    export_parameters, tmp_path, two_maps_specification
):
    form = make_package_spec(
        tmp_path, *two_maps_specification, ("dpi = 300", "dpi = 350"), ("world_file = false", "world_file = true")
    )
    run_algorithm("export_package", {**export_parameters, "PACKAGE": form})
    maps = list_maps(export_parameters)
    assert sorted(maps) == sorted([*MAP_FILE_NAMES[:2], *(name.replace(".jpg", ".jgw") for name in MAP_FILE_NAMES[:2])])
    assert read_jfif_density(maps[MAP_FILE_NAMES[0]]) == (1, 350, 350)
    step = float(maps[MAP_FILE_NAMES[0].replace(".jpg", ".jgw")].read_text().splitlines()[0])
    row = read_manifest(export_parameters)["maps"][0]
    assert step == pytest.approx(row["scale"] * 0.0254 / 350, rel=1e-3) and row["crs"] == "EPSG:4526"
    package = str(Path(export_parameters["OUTPUT"]) / PACKAGE_NAME)
    done = run_algorithm(
        "inspect_package", {"INPUT": package, "PACKAGE": form, "OUTPUT_JSON": str(tmp_path / "r.json")}
    )
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["findings"]
    assert done["ERRORS"] == 0 and not [f for f in found if f["code"] == "DOC003"]


@pytest.mark.parametrize("after", first_daily([1, 2]))
def test_package_export_cancelled_between_maps_keeps_the_previous_package(export_parameters, tmp_path, after):
    run_algorithm("export_package", {**export_parameters, "MAPS": False})
    package = Path(export_parameters["OUTPUT"]) / PACKAGE_NAME
    before, feedback = hash_files(package), Log()
    seen = []

    def count(text):
        if text.startswith("县域"):
            seen.append(text)
            if len(seen) > after:
                feedback.cancel()

    feedback.setProgressText = count
    assert run_algorithm("export_package", export_parameters, feedback) == {}
    assert len(seen) == after + 1 and hash_files(package) == before
    assert [p.name for p in package.parent.iterdir()] == [PACKAGE_NAME]


# -- threads


class QtThreadWork(QgsTask):
    def __init__(self, work):
        super().__init__("test", QgsTask.Flag.CanCancel)
        self.work, self.answer, self.error = work, None, None

    def run(self):
        try:
            self.answer = self.work()
        except BaseException as error:
            self.error = error
            return False
        return True


def run_in_task(work):
    """Run a function in a Qt thread; return its result or raise its exception."""
    task = QtThreadWork(work)
    run_task(task)
    if task.error is not None:
        raise task.error
    return task.answer


def test_layer_without_rows_is_written_for_maps(tmp_path):
    frame = gpd.GeoDataFrame({"BSM": []}, geometry=[], crs=4526)
    assert write_map_layer(frame, tmp_path / "maps.gpkg", "t0")
    assert pyogrio.read_info(tmp_path / "maps.gpkg", layer="t0")["geometry_type"] == "MultiPolygon"


def test_call_on_main_runs_on_the_main_thread_and_returns_the_result_or_error():
    main = QCoreApplication.instance().thread()
    assert run_in_task(lambda: call_on_main(QThread.currentThread)) == main

    def fails():
        raise ValueError("so")

    with pytest.raises(ValueError, match="so"):
        run_in_task(lambda: call_on_main(fails))
    assert call_on_main(lambda: 7) == 7


def test_call_on_main_cancelled_while_the_main_thread_is_busy_makes_no_call():
    called, stopped = [], threading.Event()

    def work():
        with pytest.raises(Cancelled):
            call_on_main(lambda: called.append(1), Cancellation(lambda: True))
        assert call_on_main(lambda: called.append(2), timeout_seconds=0.2) is None
        stopped.set()

    thread = threading.Thread(target=work)
    thread.start()
    # This is the main thread, and it handles no events.
    assert stopped.wait(PATIENCE_SECONDS)
    thread.join()
    QCoreApplication.processEvents()
    assert called == []


def test_package_export_in_a_thread_prints_layouts_on_the_main_thread(
    export_parameters, tmp_path, two_maps_specification, monkeypatch
):
    """Run the algorithm in a Qt thread, as the toolbox dialog does."""
    main, seen = QCoreApplication.instance().thread(), []
    for name in ("__init__", "print_map", "close"):
        real = getattr(package_maps._PackageMapPrinter, name)

        def spy(self, *args, real=real, name=name):
            seen.append((name, QThread.currentThread() == main))
            return real(self, *args)

        monkeypatch.setattr(package_maps._PackageMapPrinter, name, spy)
    algorithm = QgsApplication.processingRegistry().algorithmById("sanxian:export_package").create()
    context, feedback = QgsProcessingContext(), Log()
    context.setProject(QgsProject.instance())
    parameters = {**export_parameters, "PACKAGE": make_package_spec(tmp_path, *two_maps_specification)}
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    ended = []
    task.executed.connect(lambda ok, results: ended.append(ok))
    run_task(task)
    assert wait_until(lambda: ended) and ended == [True], feedback.lines
    assert [name for name, _ in seen] == ["__init__", "print_map", "print_map", "close"] and all(on for _, on in seen)
    assert sorted(list_maps(export_parameters)) == MAP_FILE_NAMES[:2] and is_complete_package(
        Path(export_parameters["OUTPUT"]) / PACKAGE_NAME
    )


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"XZQX": 4490, "CZKFBJ": 4490}, 4526),
        ({"XZQX": 4490, "CZKFBJ": 4547}, 4547),
        ({"CZKFBJ": 4547, "XZQX": 4526}, 4526),
    ],
    ids=["all in degrees: the county's zone", "a projected layer", "the county's own layer first"],
)
def test_all_layers_of_maps_are_drawn_in_one_projected_crs(codes, expected):
    """An inspection draws the maps again from the layers of the package, which an export may have projected."""
    layers = [SimpleNamespace(role=role, crs=CRS.from_epsg(code)) for role, code in codes.items()]
    plan = SimpleNamespace(norm=SimpleNamespace(standard=load_standard()))
    crs = package_maps._choose_common_crs(layers, SimpleNamespace(plan=plan, county_code="140225"))
    assert crs.to_epsg() == expected
