# SPDX-License-Identifier: GPL-2.0-or-later
"""Clean counties for mutations, with a profile that runs every rule and confirms every setting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd

from plugin.core.model.report import Report
from plugin.core.model.rule import all_rules
from plugin.core.standard import load_standard
from tests.county import SEED, make, protection
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
STATED = """
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
COUNTS = (
    ("文物保护单位", "国家级", 6),
    ("文物保护单位", "省级", 2),
    ("文物保护单位", "市级", 0),
    ("文物保护单位", "县级", 0),
    ("历史文化名城", "省级", 0),
    ("历史建筑", "", 2),
)
#: Rules without data in a county plan.
ELSEWHERE = {
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
    """A clean county, the options of its check, and the report."""

    county: County
    options: dict[str, Any]
    report: Report


def profile_with_all_rules(made: County, folder: Path) -> Path:
    """Write a profile with every rule and the figures that the text of this county would state."""
    path = folder / "confirmed.toml"
    extra = ", ".join(f'"{code}"' for code in all_rules() if code not in load_standard().rules)
    figures = {
        indicator: (f"{statutory_area(whole(made.layers[role])).sum() / 1e6:.2f}", "km2")
        for indicator, role in STATED_AREAS.items()
    }
    figures["detail_units_count"] = (str(len(made.layers["ZXCQXXGHBZDY"])), "count")
    statements = "".join(STATED.format(indicator=i, value=value, unit=unit) for i, (value, unit) in figures.items())
    statements += "".join(REGISTER.format(kind=kind, level=level, count=count) for kind, level, count in COUNTS)
    path.write_text(PROFILE.format(extra=extra) + statements, encoding="utf-8")
    return path


def whole(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the shapes that count: of a reserve with its parts, only the reserve."""
    return frame.geometry[frame["MC"] == protection.RESERVE] if "JB" in frame else frame.geometry


def options(made: County, folder: Path) -> dict[str, Any]:
    """Write the profile and all side inputs of a county to the folder; return the options."""
    return {"profile": str(profile_with_all_rules(made, folder)), "scope": "county", **side_inputs.inputs(made, folder)}


def county(folder: Path) -> CleanCounty:
    """Return a complete county plan with its side inputs."""
    made = make(PARCELS, SEED, full=True)
    given = options(made, folder)
    return CleanCounty(made, given, CountyDraft(made, given, folder).report())


def without(codes: list[str], folder: Path) -> CleanCounty:
    """Return the county checked without some rules, whose cases other rules then report."""
    base = county(folder)
    base.options["rules"] = tuple(code for code in all_rules() if code not in codes)
    return CleanCounty(base.county, base.options, CountyDraft(base.county, base.options, folder).report())


def township(folder: Path) -> CleanCounty:
    """Return layers of a township plan that a county plan lacks, with some layers of the county."""
    made = make(PARCELS, SEED)
    drawing = CountyLayers(made)
    protection.add_village_boundary(drawing)
    made.layers = {role: made.layers[role] for role in ("XZQX", "XZQXZ", "DLTB", "YDYHGHFQ")} | drawing.layers
    made.parcels |= drawing.parcels
    options = {"standard": "township_db", "rules": tuple(all_rules())}
    return CleanCounty(made, options, CountyDraft(made, options, folder).report())


def sealed(folder: Path) -> CleanCounty:
    """Return the county with an equal sealed edition of its three lines.

    Only rules that read the edition run, because they find every change of a line.
    """
    made = make(PARCELS, SEED, full=True)
    options = {
        "profile": str(profile_with_all_rules(made, folder)),
        "rules": SEALED_RULES,
        **side_inputs.sealed(made.layers, folder),
    }
    return CleanCounty(made, options, CountyDraft(made, options, folder).report())


def maintenance(folder: Path) -> CleanCounty:
    """Return a geodatabase of yearly maintenance with all reasons, and its balance next to it."""
    made = yearly.maintained(make(PARCELS, SEED), folder)
    options = {"rules": MAINTENANCE_RULES, "profile": str(_lists(folder)), "file": str(folder / yearly.FILE)}
    return CleanCounty(made, options, CountyDraft(made, options, folder).report())


def _lists(folder: Path) -> Path:
    """Write a profile that confirms all settings and gives codes of reasons."""
    path = folder / "lists.toml"
    path.write_text(PROFILE.format(extra="") + '[yearly.codes]\nWHLY = ["01", "02"]\n', encoding="utf-8")
    return path


def base(name: str, folder: Path) -> CleanCounty:
    """Return the county that a mutation names: ``county``, ``township``, ``sealed``, ``maintenance``, ``without ATT002 …``."""
    kind, *codes = name.split()
    made = {"county": county, "township": township, "sealed": sealed, "maintenance": maintenance}
    return without(codes, folder) if kind == "without" else made[kind](folder)
