# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm yearly_update: changes between two databases.

It writes a geodatabase with an official name and the area balance.
"""

import pyogrio
import pytest
from qgis.core import QgsProcessingException

from tests.qgis.helpers import Log, digest_files, make_square, make_table, run_algorithm, write_small

GEODATABASE_NAME = "140225浑源县2026年度县级国土空间总体规划动态维护"


def make_zones(codes):
    shapes = [make_square(100 * n, 0) for n in range(len(codes))]
    keys = [f"14022500000000{n:04d}" for n in range(1, len(codes) + 1)]
    return make_table(shapes, BSM=keys, GHFQDM=codes)


def test_yearly_update_writes_and_counts_the_changes_between_two_databases(provider, tmp_path):
    line = make_table([make_square(0, 0)], BSM=["140225000000000001"])
    moved = make_table([make_square(40, 0)], BSM=["140225000000000001"])
    filed = write_small(tmp_path / "备案.gpkg", GHFQ=make_zones(["200", "300"]), LSWHBHX=line)
    current = write_small(tmp_path / "现行.gpkg", GHFQ=make_zones(["200", "200"]), LSWHBHX=moved)
    sums = digest_files(filed), digest_files(current)
    folder, log = tmp_path / "维护", Log()
    folder.mkdir()
    given = {"FILED": str(filed), "CURRENT": str(current), "YEAR": 2026, "OUTPUT": str(folder)}
    done = run_algorithm("yearly_update", given, log)
    assert [done[f"COUNT_{kind}"] for kind in ("IN", "OUT", "CHANGED")] == [1, 1, 1] and done["LAYERS"] == 2
    assert done["DATABASE"] == str(folder / f"{GEODATABASE_NAME}.gdb")
    changes = pyogrio.read_dataframe(done["DATABASE"], layer="WHCLSWHBHX")
    assert sorted(changes["WHLX"]) == ["1", "3"] and changes["WHLY"].isna().all()
    assert changes.to_crs(4526).area.to_numpy() == pytest.approx([4000, 4000], abs=1)
    assert any("请人工填写" in text for text in log.lines)
    assert (digest_files(filed), digest_files(current)) == sums
    with pytest.raises(QgsProcessingException, match="已存在"):
        run_algorithm("yearly_update", given)


def test_yearly_update_refuses_the_same_database_twice(provider, tmp_path):
    filed = write_small(tmp_path / "备案.gpkg", GHFQ=make_zones(["200"]))
    given = {"FILED": str(filed), "CURRENT": str(filed), "YEAR": 2026, "OUTPUT": str(tmp_path / "维护")}
    with pytest.raises(QgsProcessingException, match="同一份数据"):
        run_algorithm("yearly_update", given)
    assert not (tmp_path / "维护").exists() or not list((tmp_path / "维护").iterdir())
