# SPDX-License-Identifier: GPL-2.0-or-later
"""SOURCE of the tools as text: a zip, a connection to a database, and no password."""

import sys
import zipfile

import pytest
from qgis.core import QgsProcessingException

from tests.qgis.helpers import Log, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")
PASSWORD = "hun7er"
WITH_PASSWORD = f"postgresql://wang:{PASSWORD}@db.example/plan?schema=hunyuan"


def test_zip_gives_the_counts_of_its_file(small, tmp_path):
    with zipfile.ZipFile(tmp_path / "县.zip", "w") as archive:
        archive.write(small, small.name)
    plain, zipped = (run_algorithm("check_plan", {"SOURCE": str(path)}) for path in (small, tmp_path / "县.zip"))
    names = ("VERDICT", "ERRORS", "WARNINGS")
    assert [zipped[name] for name in names] == [plain[name] for name in names]


@pytest.mark.parametrize(
    ("algorithm", "parameters"),
    [
        ("check_plan", {"SOURCE": WITH_PASSWORD}),
        ("check_plan", {"SOURCE": "small", "BASELINE": WITH_PASSWORD}),
        ("compute_indicators", {"SOURCE": WITH_PASSWORD}),
        ("check_counties", {"FOLDER": WITH_PASSWORD, "OUTPUT": "out"}),
        ("check_seams", {"FOLDER": WITH_PASSWORD, "OUTPUT": "out"}),
        ("export_vct", {"SOURCE": WITH_PASSWORD, "OUTPUT": "out.vct"}),
        ("yearly_update", {"FILED": WITH_PASSWORD, "CURRENT": "small", "OUTPUT": "out"}),
        ("renumber_bsm", {"SOURCE": WITH_PASSWORD, "OUTPUT": "out.gpkg"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_password_in_a_parameter_is_refused_and_not_repeated(small, tmp_path, algorithm, parameters):
    paths = {"small": str(small), **{name: str(tmp_path / name) for name in ("out", "out.vct", "out.gpkg")}}
    log = Log()
    with pytest.raises(QgsProcessingException) as raised:
        run_algorithm(algorithm, {name: paths.get(text, text) for name, text in parameters.items()}, log)
    text = str(raised.value)
    assert "pg_service.conf" in text and "db.example/plan" in text
    assert PASSWORD not in text and "wang" not in text


def test_without_psycopg2_the_message_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(QgsProcessingException, match="psycopg2"):
        run_algorithm("check_plan", {"SOURCE": "service=county&schema=hunyuan"})
