# SPDX-License-Identifier: GPL-2.0-or-later
"""A view may hold only a part of a layer: it is reported like a filter (RUN905)."""

import sqlite3
from contextlib import closing

from plugin.core.io import read_source
from plugin.core.messages.texts import Texts
from plugin.core.tabulate import tabulate_sources
from tests.core.small_plan import check_data, make_county_box, make_table


def write_with_view(path, where):
    """Write a red line as a view of a table with more rows."""
    make_table([make_county_box(0, 0), make_county_box(300, 0)]).to_file(path, layer="全部")
    make_table([make_county_box(0, 0, 900, 900)], XZQDM=["140225"]).to_file(path, layer="XZQX")
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE VIEW STBHHX AS SELECT fid AS OGC_FID, geom, BSM FROM 全部 {where}")
        database.execute(
            "INSERT INTO gpkg_contents (table_name, identifier, data_type, srs_id) "
            "SELECT 'STBHHX', 'STBHHX', 'features', srs_id FROM gpkg_contents WHERE table_name = '全部'"
        )
        database.execute(
            "INSERT INTO gpkg_geometry_columns SELECT 'STBHHX', 'geom', geometry_type_name, srs_id, z, m "
            "FROM gpkg_geometry_columns WHERE table_name = '全部'"
        )
        database.commit()
    return path


def test_view_states_its_definition_as_condition(tmp_path):
    path = write_with_view(tmp_path / "county.gpkg", "WHERE fid > 1")
    conditions = {layer.name: layer.row_filter for layer in read_source(path)}
    assert conditions["STBHHX"].endswith("WHERE fid > 1")
    assert not conditions["XZQX"] and not conditions["全部"]


def test_view_is_reported_by_check_and_in_figures(tmp_path):
    path = write_with_view(tmp_path / "county.gpkg", "WHERE fid > 1")
    report = check_data(path, ("SCH001",)).report
    assert [finding.role for finding in report.findings if finding.code == "RUN905" and finding.case == "filter"] == [
        "STBHHX"
    ]
    tabulated = tabulate_sources(path)
    assert any("WHERE fid > 1" in notice for notice in tabulated.notices)
    (figure,) = tabulated.indicators.compute_indicator("red_line_area").figures
    assert not figure.confirmed
    assert "WHERE fid > 1" in " ".join(tabulated.plan.describe_gaps(Texts("zh")))
