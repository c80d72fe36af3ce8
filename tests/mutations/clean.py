# SPDX-License-Identifier: GPL-2.0-or-later
"""Counties without defects, into which the mutations plant one defect each.

Their profile runs every rule and confirms every setting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd

from plugin.core.model.report import Report
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from tests.county import SEED, make_clean_county, protection
from tests.county.attributes import County
from tests.county.measure import statutory_area
from tests.county.rows import CountyLayers
from tests.mutations import side_inputs, yearly
from tests.mutations.mutation import CountyDraft

PARCELS = 400
PROFILE = """
id = "confirmed"
name = "浑源县"
area_code = "140225"
base = "hunyuan"
rules_extra = [{extra}]
[indicators]
warning_share = 0.00001
[confirmed]
by = "县自然资源局"
document = "测试〔2026〕1号"
date = "2026-01-01"
items = ["all"]
"""
#: Figures that the text of this county states, in place of those of 浑源.
STATED_TARGET_TOML = """
[[targets]]
indicator = "{indicator}"
comparison = "="
value = "{value}"
unit = "{unit}"
year = 2035
binding = ""
source = "本县规划文本"
"""
STATED_AREAS = {"reserves_area": "ZRBHD", "flood_line_area": "HLFXKZX", "centre_area": "ZXCQFW"}
#: Heritage counted in its text, in place of that of 浑源: kind, level, count.
REGISTER = """
[[heritage_register]]
term = "{level}{kind}"
kind = "{kind}"
level = "{level}"
count = {count}
source = "本县规划文本"
"""
HERITAGE_COUNTS = (
    ("文物保护单位", "国家级", 6),
    ("文物保护单位", "省级", 2),
    ("文物保护单位", "市级", 0),
    ("文物保护单位", "县级", 0),
    ("历史文化名城", "省级", 0),
    ("历史建筑", "", 2),
)
#: Rules without data in a county plan.
RULES_THAT_DO_NOT_APPLY = {
    "GEO011": "TOP003 reports what lies outside: the county “without TOP003” leaves it to GEO011",
    "REL032": "township and village plans have 村庄建设边界",
    "LAW015": "there is no sealed edition: the county “sealed” has one",
    "LAW016": "there is no sealed edition: the county “sealed” has one",
    "LAW017": "there is no sealed edition: the county “sealed” has one",
    "DOC013": "a report would answer every change of an area: tests/core/package/test_tables.py has the clean county's own",
    "DOC011": "tables would answer every change of an area: tests/core/package/test_tables.py has the clean county's own",
    **{f"DOC02{n}": "a plan is no yearly maintenance: the geodatabase “maintenance” is one" for n in range(4)},
}


SEALED_RULES = ("LAW015", "LAW016", "LAW017")
MAINTENANCE_RULES = ("ATT001", "ATT002", "TOP001", "DOC020", "DOC021", "DOC022", "DOC023")


@dataclass
class CleanCounty:
    """A county without defects, the options of its check, and the report."""

    county: County
    options: dict[str, Any]
    report: Report


def write_profile_with_all_rules(county: County, folder: Path) -> Path:
    """Write a county profile with every rule and the figures a plan would state.

    Return its path.
    """
    path = folder / "confirmed.toml"
    extra = ", ".join(f'"{code}"' for code in load_all_rules() if code not in load_standard().rules)
    figures = {
        indicator: (f"{statutory_area(drop_parts_of_reserves(county.layers[role])).sum() / 1e6:.2f}", "km2")
        for indicator, role in STATED_AREAS.items()
    }
    figures["detail_units_count"] = (str(len(county.layers["ZXCQXXGHBZDY"])), "count")
    statements = "".join(
        STATED_TARGET_TOML.format(indicator=i, value=value, unit=unit) for i, (value, unit) in figures.items()
    )
    statements += "".join(
        REGISTER.format(kind=kind, level=level, count=count) for kind, level, count in HERITAGE_COUNTS
    )
    path.write_text(PROFILE.format(extra=extra) + statements, encoding="utf-8")
    return path


def drop_parts_of_reserves(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the shapes to be summed: reserves without the rows of their parts."""
    return frame.geometry[frame["MC"] == protection.RESERVE_NAME] if "JB" in frame else frame.geometry


def write_check_inputs(made: County, folder: Path) -> dict[str, Any]:
    """Write profile and side tables of a county to a folder; return check options."""
    return {
        "profile": str(write_profile_with_all_rules(made, folder)),
        "scope": "county",
        **side_inputs.write_side_inputs(made, folder),
    }


def make_full_county() -> County:
    """Return a county with every layer."""
    made = make_clean_county(PARCELS, SEED, full=True)
    for frame in made.layers.values():
        if "YSDM" in frame:
            # Layers of unpublished code: any one code is right there.
            frame["YSDM"] = frame["YSDM"].fillna("2099999999")
    return made


def make_county_plan(folder: Path) -> CleanCounty:
    """Return a county plan with every layer and side table, and its report."""
    made = make_full_county()
    given = write_check_inputs(made, folder)
    return CleanCounty(made, given, CountyDraft(made, given, folder).report())


def make_county_without_rules(codes: list[str], folder: Path) -> CleanCounty:
    """Return the county checked without some rules.

    Other rules then report the defects that these rules otherwise report.
    """
    base = make_county_plan(folder)
    base.options["rules"] = tuple(code for code in load_all_rules() if code not in codes)
    return CleanCounty(base.county, base.options, CountyDraft(base.county, base.options, folder).report())


def make_township_plan(folder: Path) -> CleanCounty:
    """Return a township plan: its additional layers and some of the county."""
    made = make_clean_county(PARCELS, SEED)
    drawing = CountyLayers(made)
    protection.add_village_boundary(drawing)
    made.layers = {role: made.layers[role] for role in ("XZQX", "XZQXZ", "DLTB", "YDYHGHFQ")} | drawing.layers
    made.parcels |= drawing.parcels
    options = {"standard": "township_db", "rules": tuple(load_all_rules())}
    return CleanCounty(made, options, CountyDraft(made, options, folder).report())


def make_county_with_sealed_edition(folder: Path) -> CleanCounty:
    """Return the county with an identical approved (sealed) edition of its lines.

    Only rules that read that edition run, because they find every change of a line.
    """
    made = make_clean_county(PARCELS, SEED, full=True)
    options = {
        "profile": str(write_profile_with_all_rules(made, folder)),
        "rules": SEALED_RULES,
        **side_inputs.write_sealed_edition(made.layers, folder),
    }
    return CleanCounty(made, options, CountyDraft(made, options, folder).report())


def make_yearly_maintenance(folder: Path) -> CleanCounty:
    """Return a yearly maintenance geodatabase with all reasons and its balance."""
    made = yearly.make_maintenance_layers(make_clean_county(PARCELS, SEED), folder)
    options = {
        "rules": MAINTENANCE_RULES,
        "profile": str(_write_profile_with_reason_codes(folder)),
        "file": str(folder / yearly.GEODATABASE_NAME),
    }
    return CleanCounty(made, options, CountyDraft(made, options, folder).report())


def _write_profile_with_reason_codes(folder: Path) -> Path:
    """Write a profile that confirms all settings and lists reason codes."""
    path = folder / "lists.toml"
    path.write_text(PROFILE.format(extra="") + '[yearly.codes]\nWHLY = ["01", "02"]\n', encoding="utf-8")
    return path


def get_clean_county(name: str, folder: Path) -> CleanCounty:
    """Return the clean county of a name.

    Names are ``county``, ``township``, ``sealed``, ``maintenance`` and ``without ATT002 …``.
    """
    kind, *codes = name.split()
    made = {
        "county": make_county_plan,
        "township": make_township_plan,
        "sealed": make_county_with_sealed_edition,
        "maintenance": make_yearly_maintenance,
    }
    return make_county_without_rules(codes, folder) if kind == "without" else made[kind](folder)


def mark_approvals_as_stated(report: Report) -> Report:
    """Return a report as if waivers stated the document of each note that awaits an approval."""
    return replace(report, findings=[replace(finding, needs_approval=False) for finding in report.findings])
