# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from ...engine.context import RuleContext
from ...figures.heritage_sites import (
    LEVEL_CODE_LIST_ID,
    PART_SETTINGS,
    HeritageRegister,
    HeritageSite,
    HeritageSites,
    ListedSite,
    collect_heritage_sites,
    normalise_name,
)
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from .._places import find_usable_layer_or_note_reason

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
TEMPLE_ROW = {"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围", "feature_kind": "61", "JB": "20"}
HOUSE_ROW = {"wkt": "POINT (5 5)", "feature_name": "甲宅"}
#: Similarity from which two names may mean the same site.
NAME_SIMILARITY_CUTOFF = 0.6


@rule(
    "LAW024",
    "heritage-list",
    problem="Heritage sites differ from the register",
    severity=Severity.WARNING,
    basis=["heritage-checks"],
    needs={},
    uses=[*PART_SETTINGS, f"codes.{LEVEL_CODE_LIST_ID}"],
    messages={
        "missing": "“{site}” ({term}) is in the register “{file}”, row {line}, but in no layer of heritage. First "
        "see whether a layer has it under another name, and if so, use the name of the announcement; if not, draw it "
        "by the announced range.",
        "alike": "“{site}” ({term}) is in the register “{file}”, row {line}, but in no layer of heritage; “{near}” "
        "in the data may be the same site. Compare with the announcement: if it is the same site, use the announced "
        "name; if not, draw the site by the announced range.",
        "level": "“{site}” is {stated} in the register “{file}”, row {line}, and {found} in the data. Compare with "
        "the announcement: correct the level (JB) if the data are wrong, or the register if it is wrong.",
        "kind": "“{site}” is {stated} in the register “{file}”, row {line}, and {found} in the data. Compare with "
        "the announcement: correct the kind (LX) or the layer if the data are wrong, or the register if it is wrong.",
        "unlisted": "“{site}” ({found}) is in the data, but not in the register “{file}”. If it was announced, add it "
        "to the register by that document; otherwise remove it from the data.",
        "twice": "“{site}” is in the register “{file}” in rows {line} and {other}. Delete one of them.",
    },
    fails=[
        RuleExample("not drawn", {"LSJZD": [HOUSE_ROW]}, finds=1, side={"register": [("甲宅", "历史建筑", ""), ("乙院", "历史建筑", "")]}),
        RuleExample("not in the register", {"LSJZD": [HOUSE_ROW, {**HOUSE_ROW, "feature_name": "乙院"}]}, finds=1,
                side={"register": [("甲宅", "历史建筑", "")]}),
        RuleExample("another level and another kind", {"LSWHBHX": [TEMPLE_ROW]}, finds=2, side={"register": [("甲寺", "历史建筑", "省级")]}),
        RuleExample("twice", {"LSJZD": [HOUSE_ROW]}, finds=1, side={"register": [("甲宅", "历史建筑", ""), ("甲 宅", "历史建筑", "")]}),
        RuleExample("nearly the same name", {"LSJZD": [{**HOUSE_ROW, "feature_name": "永安寺传法正宗殿"}]}, finds=1,
                side={"register": [("永安寺传法正宗之殿", "历史建筑", "")]}),
    ],
    passes=[
        RuleExample("as listed", {"LSWHBHX": [TEMPLE_ROW], "LSJZD": [HOUSE_ROW]},
                side={"register": [("甲寺", "文物保护单位", "国家级"), ("甲宅", "历史建筑", "")]}),
        RuleExample("what the data does not say is no contradiction", {"LSWHBHX": [{**TEMPLE_ROW, "feature_kind": "", "JB": ""}]},
                side={"register": [("甲寺", "文物保护单位", "省级")]}),
        RuleExample("kinds that the register leaves out", {"LSWHBHX": [TEMPLE_ROW], "LSJZD": [HOUSE_ROW]},
                side={"register": [("甲寺", "文物保护单位", "国家级")]}),
        RuleExample("no register given", {"LSJZD": [HOUSE_ROW]}),
    ],
)  # fmt: skip
def heritage_list(*, ctx: RuleContext) -> RuleResult:
    """The sites of the register equal those of the data, by name, kind and level.

    What it checks
        A register given for the check (REGISTER, --register; a table with the columns 名称, 类型, 级别), compared
        with the sites in LSWHBHX and in the layers of single kinds: names that were not drawn, sites missing in the
        register, different kinds and levels, repeated names.
    Why
        A site is protected only if it is both announced and drawn.
    How to fix
        Draw missing sites; unify names; correct kind (LX) and level (JB); or correct the register with its document.
    Limits
        Names are compared without spaces and without words for a part at their end. A site missing in the register is
        reported only if the register has sites of its kind. Lists marked C define kinds and levels. Not applicable
        without a register; a register without rows is not compared. Runs if a register is given, or if the rule or its
        group heritage is selected.
    """
    register = ctx.side_inputs.get_input("register", HeritageRegister)
    if register is None:
        return RuleResult(is_applicable=False, notes=[("register_not_given", {})])
    result = RuleResult()
    if not register.listed_sites:
        result.not_checked.append(("register_empty", {"file": register.file_name}))
        return result
    sites = collect_heritage_sites(ctx, lambda role: find_usable_layer_or_note_reason(role, ctx, result))
    if not sites.layers:
        result.not_checked.append(
            ("register_without_layer", {"file": register.file_name, "count": len(register.listed_sites)})
        )
        return result
    site_findings = _SiteFindings(sites, register.file_name, ctx)
    row_of_name: dict[str, ListedSite] = {}
    for row in register.listed_sites:
        first = row_of_name.setdefault(normalise_name(row.name), row)
        if first is not row:
            site_findings.add("twice", row.name, {"line": first.line_number, "other": row.line_number})
    unlisted_names = [name for name in sites.by_name if name not in row_of_name]
    for name, row in row_of_name.items():
        site = sites.by_name.get(name)
        site_findings.findings += (
            _compare_site(row, site, site_findings)
            if site
            else _report_missing_site(row, unlisted_names, site_findings)
        )
    kinds = {row.kind for row in register.listed_sites}
    similar_names = {f.params["near_name"] for f in site_findings.findings if f.case == "alike"}
    for name in unlisted_names:
        site = sites.by_name[name]
        if name not in similar_names and (site.kind_names & kinds or kinds == {""}):
            site_findings.add("unlisted", site.name, {"found": _join_names(site.kind_names)}, site)
    result.findings = site_findings.findings
    return result


class _SiteFindings:
    """Collects findings on heritage sites, identified by the name of the site."""

    def __init__(self, sites: HeritageSites, file: str, ctx: RuleContext) -> None:
        self.role, self.file, self.ctx = next(iter(sites.layers)), file, ctx
        self.sites = sites
        self.findings: list[Finding] = []

    def make_finding(self, case: str, name: str, params: dict[str, Any], site: HeritageSite | None = None) -> Finding:
        """Return a finding on a site, identified by its name; its geometry is that of ``site``, if it is drawn."""
        shape = self.ctx.geometry.unite_shapes(site.get_part_shapes()) if site else None
        role = site.layer_rows[0][0].role if site else self.role
        return Finding(role, name, case=case, params={"site": name, "file": self.file, **params}, geometry=shape)

    def add(self, case: str, name: str, params: dict[str, Any], site: HeritageSite | None = None) -> None:
        """Make a finding on a site and collect it."""
        self.findings.append(self.make_finding(case, name, params, site))


def _report_missing_site(row: ListedSite, unlisted_names: list[str], site_findings: _SiteFindings) -> list[Finding]:
    """Return the finding on a site of the register that the layers lack.

    If a site with a similar name was drawn, the finding names it.
    """
    params = {"line": row.line_number, "term": f"{row.level}{row.kind}" or "—"}
    similar_names = get_close_matches(normalise_name(row.name), unlisted_names, n=1, cutoff=NAME_SIMILARITY_CUTOFF)
    if not similar_names:
        return [site_findings.make_finding("missing", row.name, params)]
    site = site_findings.sites.by_name[similar_names[0]]
    return [
        site_findings.make_finding(
            "alike", row.name, {**params, "near": site.name, "near_name": similar_names[0]}, site
        )
    ]


def _compare_site(row: ListedSite, site: HeritageSite, site_findings: _SiteFindings) -> list[Finding]:
    """Return findings on kind and level that differ between register and layers."""
    findings = []
    for case, stated_value, known_values in (
        ("level", row.level, site.level_names),
        ("kind", row.kind, site.kind_names),
    ):
        if stated_value and known_values and stated_value not in known_values:
            params = {"line": row.line_number, "stated": stated_value, "found": _join_names(known_values)}
            findings.append(site_findings.make_finding(case, row.name, params, site))
    return findings


def _join_names(value_names: set[str]) -> str:
    """Return names in sorted order joined by 、; a dash without names."""
    return "、".join(sorted(value_names)) or "—"
