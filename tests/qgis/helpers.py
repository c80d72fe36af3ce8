# SPDX-License-Identifier: GPL-2.0-or-later
"""Small test data, and helpers that run algorithms in QGIS."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely

from tests.plugin_link import link_plugin

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "resources" / "sample" / "county.gpkg"
TRUTH = SAMPLE.with_name("truth.json")
#: South-west corner of the small plan, in EPSG:4526 (zone 38, with its prefix).
X, Y = 38_470_000.0, 4_390_000.0


def make_square(x: float, y: float, width: float = 100.0, height: float = 100.0):
    """Return a rectangle; x and y are metres from the corner of the small plan."""
    return shapely.box(X + x, Y + y, X + x + width, Y + y + height)


def make_table(shapes, crs=4526, **columns) -> gpd.GeoDataFrame:
    """Return a table of shapes with feature numbers and further columns."""
    rows = {"BSM": [f"1402250000{n:02d}" for n in range(1, len(shapes) + 1)], **columns}
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(shapes, crs=crs))


def make_small_layers() -> dict[str, gpd.GeoDataFrame]:
    """Return layers in which farmland overlaps the red line by 20 × 100 m.

    The control lines have no other conflict.
    """
    return {
        "YJJBNTBHTB": make_table([make_square(0, 0), make_square(0, 200)]),
        "STBHHX": make_table([make_square(80, 0, 200, 100)]),
        "CZKFBJ": make_table([make_square(1000, 0)], GHFQDM=["410"], GHFQMC=["城镇集中建设区"]),
        "DLTB": make_table(
            [make_square(0, 0), make_square(1000, 0)], DLBM=["0103", "0701"], CZCSXM=[None, "203"], TBMJ=[1e4, 1e4]
        ),
    }


def write_small(path: Path, **changes) -> Path:
    """Write the small layers to a GeoPackage, some of them changed; return its path.

    ``changes``: layer code → another table, or None to omit the layer.
    """
    if not changes:
        path.write_bytes(read_small_geopackage())
        return path
    for role, table in {**make_small_layers(), **changes}.items():
        if table is not None:
            pyogrio.write_dataframe(table, path, layer=role, driver="GPKG", dataset_options={"VERSION": "1.2"})
    return path


@cache
def read_small_geopackage() -> bytes:
    """Return the content of a GeoPackage with the small layers, which most tests copy."""
    with tempfile.TemporaryDirectory() as folder:
        return write_small(Path(folder) / "small.gpkg", DLTB=make_small_layers()["DLTB"]).read_bytes()


def open_layer(path: Path, table: str = "DLTB", name: str = ""):
    """Open a table of a database as a layer, named like it or ``name``."""
    from qgis.core import QgsVectorLayer

    layer = QgsVectorLayer(f"{path}|layername={table}", name or table, "ogr")
    assert layer.isValid()
    return layer


def digest_files(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder by name."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def run_algorithm(name: str, parameters: dict, feedback=None, context=None) -> dict:
    """Run an algorithm of the plugin as a script would; return its results.

    Raise QgsProcessingException with all messages of the run if it fails.
    """
    import processing
    from qgis.core import QgsProcessingException

    feedback = feedback or Log()
    try:
        return processing.run(f"sanxian:{name}", parameters, feedback=feedback, context=context)
    except QgsProcessingException as error:
        # The exception has no message for errors during preparation; the log has.
        raise QgsProcessingException(" ".join([str(error), *feedback.errors])) from error


def draw_feature(layer, shape, **values):
    """Add a feature with its default values, as the drawing tool does."""
    from qgis.core import QgsGeometry, QgsVectorLayerUtils

    given = {layer.fields().lookupField(name): value for name, value in values.items()}
    feature = QgsVectorLayerUtils.createFeature(
        layer, QgsGeometry.fromWkt(shape.wkt), given, layer.createExpressionContext()
    )
    assert layer.addFeature(feature)
    return feature


def Log():
    """Return a Processing feedback that stores its messages in ``lines``.

    The class is defined in the function because its base needs QGIS.
    """
    from qgis.core import QgsProcessingFeedback

    class _Log(QgsProcessingFeedback):
        def __init__(self):
            super().__init__(False)
            self.lines, self.errors = [], []

        def pushInfo(self, text):
            self.lines.append(text)

        pushWarning = pushInfo

        def reportError(self, text, fatalError=False):
            self.errors.append(text)

    return _Log()


def make_log_that_cancels_above(percent):
    """Return a `Log` that cancels its algorithm when the progress exceeds ``percent``.

    The slot runs in the thread that reports the progress. A queued call would remain when the algorithm ends; Python
    frees the slot with the feedback, and the next test that processes events would crash.
    """
    from qgis.PyQt.QtCore import Qt

    feedback = Log()
    feedback.progressChanged.connect(
        lambda share: feedback.cancel() if share > percent else None, Qt.ConnectionType.DirectConnection
    )
    return feedback


class QgisProcess:
    """The program qgis_process with a separate profile and the present libraries."""

    def __init__(self, folder: Path):
        self.program = os.environ.get("SANXIAN_QGIS_PROCESS") or shutil.which("qgis_process")
        assert self.program, "qgis_process is not on the path although QGIS is importable"
        self.environment = {
            "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"),
            "QGIS_PLUGINPATH": str(link_plugin("qgis 程序")),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONWARNINGS": "ignore",
        }
        enabled = self("plugins", "enable", "sanxian")
        assert enabled.returncode == 0, enabled.stdout + enabled.stderr

    def __call__(self, *arguments: str, before: Path | None = None, **environment: str):
        """Run the program; return the finished process.

        ``before``: a folder that Python searches first, to hide a library behind a broken one.
        """
        env = {**os.environ, **self.environment, **environment}
        if before is not None:
            env["PYTHONPATH"] = os.pathsep.join([str(before), env.get("PYTHONPATH", "")])
        return subprocess.run([self.program, *arguments], env=env, capture_output=True, text=True, encoding="utf-8")
