# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of an exported package agree with its layers (图数一致)."""

import random
from dataclasses import replace

import numpy as np
import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.engine.context import RuleContext
from plugin.core.indicators.compute import get_plan_indicators
from plugin.core.loading.assembly import assemble_plan
from plugin.core.model.report import Report
from plugin.core.model.rule import Severity
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.tables.known_tables import REQUIRED_TABLES
from plugin.core.tabulate import tabulate_plan
from tests.core.small_plan import (
    add_survey_vertices,
    convert_to_source_layers,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    make_table,
)

STANDARD_ID = "county_db"
DATA_SET_SUFFIXES = (".shp", ".vct", ".gpkg", ".gdb")


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


@pytest.mark.parametrize("seed", range(6))
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
@pytest.mark.parametrize(("seed", "crs"), [(8, "EPSG:4490"), (11, "EPSG:4526")])
@pytest.mark.parametrize("suffix", DATA_SET_SUFFIXES)
def test_tables_of_an_exported_package_agree_with_its_layers(tmp_path, seed, suffix, crs):
    if suffix in (".vct", ".gdb"):
        pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    pytest.importorskip("openpyxl")
    spec, path = export_tables(tmp_path, randomize_layers(seed), suffix, crs)
    assert list_error_findings(inspect_report(spec, path)) == []


def test_figures_are_computed_once_for_all_rules_of_a_check():
    norm = RunOptions(standard=STANDARD_ID).resolve_norm()
    plan = assemble_plan(convert_to_source_layers(make_complete_layers()), norm, source="x")
    one, other = (RuleContext(plan, norm, norm.make_tolerance()) for _ in range(2))
    assert get_plan_indicators(one, "zh") is get_plan_indicators(other, "zh") is not get_plan_indicators(one, "en")
    # Figures computed with another tolerance are not shared.
    finer = replace(norm.make_tolerance(), min_width_m=norm.make_tolerance().min_width_m / 2)
    assert get_plan_indicators(RuleContext(plan, norm, finer), "zh") is not get_plan_indicators(one, "zh")


@pytest.mark.slow
def test_figures_changed_in_an_exported_workbook_are_found(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    spec, path = export_tables(tmp_path, randomize_layers(11), ".gpkg", "EPSG:4490")
    (file,) = path.rglob("*.xlsx")
    book = openpyxl.load_workbook(file)
    changes = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, float) and cell.value and not np.isclose(cell.value, 100.0):
                    cell.value, changes = cell.value * 1.01, changes + 1
    book.save(file)
    assert changes > len(REQUIRED_TABLES) and len(list_error_findings(inspect_report(spec, path))) > len(
        REQUIRED_TABLES
    )
