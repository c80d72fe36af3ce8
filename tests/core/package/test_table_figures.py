# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of an exported package agree with its layers (图数一致)."""

import random

import pytest

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.tabulate import tabulate_plan
from plugin.core.model.report import Report
from plugin.core.model.rule import Severity
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.plan.loading.assembly import assemble_plan
from tests.core.small_plan import (
    add_survey_vertices,
    convert_to_source_layers,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    make_table,
)
from tests.parametrize import first_daily

STANDARD_ID = "county_db"


def make_complete_layers() -> dict:
    """Return the small plan with townships and only rows that can be exported."""
    tables = make_small_plan_layers()
    tables["YJJBNTBHTB"] = tables["YJJBNTBHTB"].iloc[[0, 1, 2, 5]].reset_index(drop=True)
    tables["STBHHX"]["BSM"] = ["140225000000000001", "140225000000000002"]
    townships = [make_county_box(0, 0, 1000, 1000), make_county_box(1000, 0, 1000, 1000)]
    tables["XZQXZ"] = make_table(townships, XZQDM=["140225001", "140225002"], XZQMC=["甲镇", "乙乡"])
    return add_survey_vertices(tables)


def randomize_layers(seed: int) -> dict:
    """Return these layers with random layers, fields and values removed."""
    chance = random.Random(seed)
    tables = make_complete_layers()
    for role in [r for r in tables if r != "XZQX"]:
        if chance.random() < 0.15:
            del tables[role]
            continue
        frame = tables[role]
        for name in [c for c in frame.columns if c not in ("geometry", "BSM")]:
            lot = chance.random()
            if lot < 0.15:
                frame = frame.drop(columns=name)
            elif lot < 0.3:
                frame[name] = None
            elif lot < 0.45:
                retained = [chance.random() < 0.5 for _ in range(len(frame))]
                frame[name] = frame[name].astype(object).where(retained, None)
        tables[role] = frame
    return tables


def add_missing_fields(tables: dict) -> dict:
    """Return the tables with every missing field of the standard as an empty column."""
    templates = RunOptions(standard=STANDARD_ID).resolve_norm().standard.templates
    full = {}
    for role, frame in tables.items():
        more = [f.name for f in templates[role].fields if f.name not in frame.columns]
        full[role] = frame.assign(**dict.fromkeys(more))
    return full


def list_printed_tables(tables: dict) -> dict:
    """Return the cells of every package table, as printed, except the one on the data."""
    made = tabulate_plan(
        assemble_plan(convert_to_source_layers(tables), RunOptions(standard=STANDARD_ID).resolve_norm(), source="x"),
        "zh",
    )
    return {t.id: ([c.id for c in t.columns], [[str(v) for v in r.values] for r in t.rows]) for t in made.tables[:-1]}


@pytest.mark.parametrize("seed", first_daily(range(6), 2))
def test_layers_with_empty_fields_give_equal_table_figures_to_layers_without_these_fields(seed):
    tables = randomize_layers(seed)
    assert list_printed_tables(tables) == list_printed_tables(add_missing_fields(tables))


def test_zone_layer_without_zone_codes_gives_no_zone_table():
    tables = make_complete_layers()
    assert "zones" in list_printed_tables(tables)
    for codes in (None, "", "  "):
        assert "zones" not in list_printed_tables({**tables, "YDYHGHFQ": tables["YDYHGHFQ"].assign(GHFQDM=codes)})
    # One code is enough; rows without a code are listed separately.
    some = list_printed_tables({**tables, "YDYHGHFQ": tables["YDYHGHFQ"].assign(GHFQDM=["300", None])})
    assert any("（无代码）" in cell for row in some["zones"][1] for cell in row)


def export_tables(folder, tables, suffix, crs):
    """Export the tables in one format and CRS; return package spec and package path."""
    text = load_package_spec("county").path.read_text(encoding="utf-8")
    path = folder / "form.toml"
    path.write_text(text.replace("数据.gdb", f"数据{suffix}").replace("EPSG:4490", crs), encoding="utf-8")
    spec, options = load_package_spec(path), RunOptions(standard=STANDARD_ID)
    done = export_package(
        check_plan(convert_to_source_layers(tables), options), ExportOrder(spec, folder / "结果", is_forced=True)
    )
    return spec, done.path


def inspect_report(spec, path) -> Report:
    return inspect_package(path, spec, RunOptions(standard=STANDARD_ID)).report


def list_error_findings(report: Report) -> list[str]:
    """Return the messages of findings on tables and metadata that are errors or warnings."""
    return [f.message for f in list_findings_of_rules(report, "DOC011", "DOC013") if f.severity is not Severity.INFO]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "crs", "suffix"),
    first_daily(
        [
            (8, "EPSG:4490", ".shp"),
            (11, "EPSG:4526", ".vct"),
            (8, "EPSG:4490", ".gdb"),
            (11, "EPSG:4526", ".gpkg"),
            (11, "EPSG:4526", ".shp"),
            (8, "EPSG:4490", ".vct"),
            (11, "EPSG:4526", ".gdb"),
            (8, "EPSG:4490", ".gpkg"),
        ],
        2,
    ),
)
def test_tables_of_an_exported_package_agree_with_its_layers(tmp_path, seed, suffix, crs):
    if suffix in (".vct", ".gdb"):
        pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    pytest.importorskip("openpyxl")
    spec, path = export_tables(tmp_path, randomize_layers(seed), suffix, crs)
    assert list_error_findings(inspect_report(spec, path)) == []
