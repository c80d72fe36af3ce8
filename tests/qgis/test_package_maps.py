# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of export_package: source, thread, names, and no personal data."""

import getpass
import json
import socket
import threading
from pathlib import Path

import pytest
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
from plugin.bridge.running.main_thread import on_main
from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled
from plugin.core.files.digests import is_whole
from plugin.paths import PACKAGES
from tests.core.package_fixtures import jpg, pdf
from tests.core.small_plan import digest
from tests.county import make_county
from tests.county.write import write_geopackage
from tests.qgis.helpers import Log, run_algorithm
from tests.qgis.maps_helpers import read_jfif_density, read_jpg_size
from tests.qgis.waiting import PATIENCE, run_task, wait_until

pytestmark = [pytest.mark.usefixtures("provider", "project"), pytest.mark.slow]

ROOT = "140225浑源县国土空间总体规划"
MAPS = f"{ROOT}/4-规划图件"
NAMES = [
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
def county(tmp_path_factory):
    path = tmp_path_factory.mktemp("数据") / "county.gpkg"
    write_geopackage(path, make_county(300, defects=False)[0])
    return path


@pytest.fixture
def given(tmp_path, county):
    documents = tmp_path / "文档"
    documents.mkdir()
    (documents / "140225浑源县国土空间总体规划文本.pdf").write_bytes(pdf())
    return {"SOURCE": str(county), "DOCUMENTS": str(documents), "OUTPUT": str(tmp_path / "结果")}


def make_package_spec(tmp_path, *changes):
    text = (PACKAGES / "county.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "某省.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def read_manifest(given):
    return json.loads((Path(given["OUTPUT"]) / ROOT / "manifest.json").read_text(encoding="utf-8"))


def list_maps(given):
    return {path.name: path for path in (Path(given["OUTPUT"]) / MAPS).glob("*")}


@pytest.fixture(scope="module")
def two_maps():
    """Return a package specification with two maps, which saves time."""
    return [('layout = "zones"\n', ""), ('layout = "three_zones"\n', ""), ('layout = "heritage"\n', "")]


def test_the_package_has_the_maps_and_inspection_passes_it(given, tmp_path):
    # The open project is another county with the same names.
    project = QgsProject.instance()
    for name in ("CZKFBJ", "STBHHX", "YJJBNTBHTB", "XZQX"):
        other = QgsVectorLayer("Polygon?crs=EPSG:4526", name, "memory")
        project.addMapLayer(other)
    before = sorted(project.mapLayers())
    feedback = Log()
    run_algorithm("export_package", given, feedback)
    maps = list_maps(given)
    assert sorted(maps) == NAMES
    for path in maps.values():
        assert read_jfif_density(path) == (1, 300, 300) and min(read_jpg_size(path)) > 3500
    assert [row["origin"] for row in read_manifest(given)["maps"]].count("made") == 5
    assert sorted(project.mapLayers()) == before and not project.layoutManager().printLayouts()
    assert any("县域三条控制线图" in line for line in feedback.lines)
    done = run_algorithm(
        "inspect_package", {"INPUT": str(Path(given["OUTPUT"]) / ROOT), "OUTPUT_JSON": str(tmp_path / "r.json")}
    )
    assert done["VERDICT"] == "conditional" and done["ERRORS"] == 0
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["findings"]
    assert [(f["code"], f["severity"]) for f in found if "图" in f["message"]] == [("DOC002", "INFO")]


def test_the_maps_contain_no_names_or_paths_of_the_user(given, tmp_path, two_maps):
    run_algorithm("export_package", {**given, "PACKAGE": make_package_spec(tmp_path, *two_maps)})
    secrets = ["/tmp", "tmp/", socket.gethostname(), str(Path.home())]
    secrets += [getpass.getuser()] if getpass.getuser() != "root" else []
    for path in list_maps(given).values():
        content = path.read_bytes()
        head = content[: content.index(b"\xff\xda")]
        assert b"Exif" not in head and b"http" not in head and b"QGIS" not in head
        for secret in secrets:
            for codec in ("utf-8", "utf-16-le"):
                assert secret.encode(codec) not in head, (path.name, secret)


def test_the_maps_are_those_of_the_packed_plan_with_its_edits(given, tmp_path, county, two_maps):
    """Draw unsaved edits on the maps, because the package contains them."""
    form = make_package_spec(tmp_path, *two_maps)
    run_algorithm("export_package", {**given, "PACKAGE": form})
    first = list_maps(given)[NAMES[1]].read_bytes()
    project = QgsProject.instance()
    import fiona

    for name in fiona.listlayers(county):
        project.addMapLayer(QgsVectorLayer(f"{county}|layername={name}", name, "ogr"))
    again = {key: value for key, value in given.items() if key != "SOURCE"} | {"PACKAGE": form}
    run_algorithm("export_package", again)
    assert list_maps(given)[NAMES[1]].read_bytes() == first
    (farmland,) = project.mapLayersByName("YJJBNTBHTB")
    farmland.startEditing()
    for feature in list(farmland.getFeatures())[:40]:
        farmland.deleteFeature(feature.id())
    run_algorithm("export_package", {**again, "FORCE": True})
    farmland.rollBack()
    assert list_maps(given)[NAMES[1]].read_bytes() != first


def test_a_map_of_the_planners_is_kept_byte_for_byte(given, tmp_path, two_maps):
    own = jpg(600) + b"\n mine"
    (Path(given["DOCUMENTS"]) / NAMES[1]).write_bytes(own)
    run_algorithm("export_package", {**given, "PACKAGE": make_package_spec(tmp_path, *two_maps)})
    assert list_maps(given)[NAMES[1]].read_bytes() == own and sorted(list_maps(given)) == NAMES[:2]
    origins = {row["number"]: row["origin"] for row in read_manifest(given)["maps"] if row["file"]}
    assert origins == {"01": "made", "02": "given"}


def test_a_package_without_maps_is_possible(given):
    feedback = Log()
    run_algorithm("export_package", {**given, "MAPS": False}, feedback)
    assert not list_maps(given) and is_whole(Path(given["OUTPUT"]) / ROOT)
    assert any("生成文档文件夹中没有的图件" in line and "县域三条控制线图" in line for line in feedback.lines)


def test_resolution_page_and_world_file_are_the_forms(given, tmp_path, two_maps):
    form = make_package_spec(
        tmp_path, *two_maps, ("dpi = 300", "dpi = 350"), ("world_file = false", "world_file = true")
    )
    run_algorithm("export_package", {**given, "PACKAGE": form})
    maps = list_maps(given)
    assert sorted(maps) == sorted([*NAMES[:2], *(name.replace(".jpg", ".jgw") for name in NAMES[:2])])
    assert read_jfif_density(maps[NAMES[0]]) == (1, 350, 350)
    step = float(maps[NAMES[0].replace(".jpg", ".jgw")].read_text().splitlines()[0])
    row = read_manifest(given)["maps"][0]
    assert step == pytest.approx(row["scale"] * 0.0254 / 350, rel=1e-3) and row["crs"] == "EPSG:4526"
    package = str(Path(given["OUTPUT"]) / ROOT)
    done = run_algorithm(
        "inspect_package", {"INPUT": package, "PACKAGE": form, "OUTPUT_JSON": str(tmp_path / "r.json")}
    )
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["findings"]
    assert done["ERRORS"] == 0 and not [f for f in found if f["code"] == "DOC003"]


@pytest.mark.parametrize("after", [1, 2])
def test_cancelled_between_two_maps_the_former_package_stays(given, tmp_path, after):
    run_algorithm("export_package", {**given, "MAPS": False})
    package = Path(given["OUTPUT"]) / ROOT
    before, feedback = digest(package), Log()
    seen = []

    def count(text):
        if text.startswith("县域"):
            seen.append(text)
            if len(seen) > after:
                feedback.cancel()

    feedback.setProgressText = count
    assert run_algorithm("export_package", given, feedback) == {}
    assert len(seen) == after + 1 and digest(package) == before
    assert [p.name for p in package.parent.iterdir()] == [ROOT]


# -- threads


class Work(QgsTask):
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
    """Return the result or the exception of a function in a thread of Qt."""
    task = Work(work)
    run_task(task)
    if task.error is not None:
        raise task.error
    return task.answer


def test_a_call_is_made_on_the_main_thread_and_its_answer_or_error_comes_back():
    main = QCoreApplication.instance().thread()
    assert run_in_task(lambda: on_main(QThread.currentThread)) == main

    def fails():
        raise ValueError("so")

    with pytest.raises(ValueError, match="so"):
        run_in_task(lambda: on_main(fails))
    assert on_main(lambda: 7) == 7


def test_cancelling_while_the_main_thread_is_busy_returns_without_a_call():
    called, stopped = [], threading.Event()

    def work():
        with pytest.raises(Cancelled):
            on_main(lambda: called.append(1), Cancellation(lambda: True))
        assert on_main(lambda: called.append(2), patience=0.2) is None
        stopped.set()

    thread = threading.Thread(target=work)
    thread.start()
    # This is the main thread, and it handles no events.
    assert stopped.wait(PATIENCE)
    thread.join()
    QCoreApplication.processEvents()
    assert called == []


def test_in_the_background_layouts_are_printed_on_the_main_thread(given, tmp_path, two_maps, monkeypatch):
    """Run as the toolbox dialog does: algorithm in a Qt thread, layouts on the main."""
    main, seen = QCoreApplication.instance().thread(), []
    for name in ("__init__", "print", "close"):
        real = getattr(package_maps._Press, name)

        def spy(self, *args, real=real, name=name):
            seen.append((name, QThread.currentThread() == main))
            return real(self, *args)

        monkeypatch.setattr(package_maps._Press, name, spy)
    algorithm = QgsApplication.processingRegistry().algorithmById("sanxian:export_package").create()
    context, feedback = QgsProcessingContext(), Log()
    context.setProject(QgsProject.instance())
    parameters = {**given, "PACKAGE": make_package_spec(tmp_path, *two_maps)}
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    ended = []
    task.executed.connect(lambda ok, results: ended.append(ok))
    run_task(task)
    assert wait_until(lambda: ended) and ended == [True], feedback.lines
    assert [name for name, _ in seen] == ["__init__", "print", "print", "close"] and all(on for _, on in seen)
    assert sorted(list_maps(given)) == NAMES[:2] and is_whole(Path(given["OUTPUT"]) / ROOT)
