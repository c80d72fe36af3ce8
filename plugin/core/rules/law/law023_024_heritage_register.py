# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that compare heritage sites with the register: their numbers, and the list."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from ...engine.context import RuleContext
from ...figures.heritage_sites import (
    CONTROL_PART,
    CORE_PART,
    KIND_CODE_LIST_ID,
    LEVEL_CODE_LIST_ID,
    PART_SETTINGS,
    RANGE_PART,
    HeritageRegister,
    HeritageSite,
    HeritageSites,
    ListedSite,
    collect_heritage_sites,
    list_heritage_layers,
    normalise_name,
)
from ...model.findings import Finding
from ...model.indicator import TARGET_MISSED, compare_area_with_target, convert_area
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...standard.messages.texts import Texts
from ...standard.profile import RegisteredSite
from ...standard.template import Template
from .._places import FAR_EAST_SQUARE_WKT, SQUARE_WKT, find_usable_layer_or_note_reason

#: Names that a message lists; the rest is counted.
MAX_LISTED_NAMES = 8
HERITAGE_PART_BY_AREA_KEY = {"area": RANGE_PART, "core_area": CORE_PART, "control_area": CONTROL_PART}


def _make_register_line(kind: str, count: int, level: str = "") -> tuple[str, str, str, int]:
    """Return a register row with a number of sites for an example: term, kind, level, count."""
    return (f"{level}{kind}", kind, level, count)


def _make_temple_row(wkt: str, name: str, level: str = "") -> dict[str, str]:
    """Return the protection range of a temple for an example; ``level``: code of its level."""
    return {"wkt": wkt, "feature_name": f"{name}保护范围", "feature_kind": "61", "JB": level}


def _describe_counted_sites(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses ``counted`` and ``remedy`` on heritage sites.

    The first names the layers in which sites of a kind were counted, and the missing layers. The second states what to
    do about missing or surplus sites.
    """
    shown = finding.params.get("shown", {})
    counted = shown.get("counted")
    if "missing_count" not in shown or counted is None:
        return {"counted": "", "remedy": texts.get("words", "sites_differ_remedy")}
    places = []
    if counted["line_role"]:
        places.append(
            texts.get(
                "words",
                "counted_in_line",
                layer=texts.make_layer_label(counted["line_role"], templates),
                kind=counted["kind"],
            )
        )
    places += [
        texts.get("words", "counted_layer", layer=texts.make_layer_label(role, templates)) for role in counted["roles"]
    ]
    places += [
        texts.get("words", "counted_absent_layer", layer=texts.make_layer_label(role, templates))
        for role in counted["absent_roles"]
    ]
    key = "sites_missing_remedy" if shown["missing_count"] > 0 else "sites_surplus_remedy"
    counted_roles = [*filter(None, [counted["line_role"]]), *counted["roles"], *counted["absent_roles"]]
    return {
        "counted": texts.get("words", "sites_counted", places=texts.get("words", "between_names").join(places))
        if places
        else "",
        "remedy": texts.get(
            "words", key, layer=texts.make_layer_label(counted_roles[0], templates) if counted_roles else ""
        ),
    }


@rule(
    "LAW023",
    "heritage-counts",
    problem="Heritage sites differ from the plan",
    severity=Severity.WARNING,
    basis=["heritage-checks"],
    needs={},
    uses=[*PART_SETTINGS, f"codes.{LEVEL_CODE_LIST_ID}"],
    clauses=_describe_counted_sites,
    messages={
        "count": "The plan states {stated} of {term} ({source}); the data have {count}{listed}: {difference}. {counted}First "
        "fill in or correct kind (LX), level (JB) and name (MC), and check again; {remedy}; if the number in the "
        "text is wrong, correct it by the approval document.",
        "site": "The plan names “{site}” ({term}, {source}), which is in no layer of heritage. First see whether a "
        "layer has it under another name, and if so, use the name of the approval document; if not, draw it in the "
        "line of historic and cultural protection by the approved list and protection plan, with kind, level and "
        "name.",
        "area": "The protection range of “{site}” is {value} {unit} in the data, {target} {unit} in the plan "
        "({source}): difference {miss} {unit}. Compare with the approved protection plan: correct the edge if it "
        "differs from it; if the edge is right, correct the figure in the text.",
        "core_area": "The core protection area of “{site}” is {value} {unit} in the data, {target} {unit} in the "
        "plan ({source}): difference {miss} {unit}. Compare with the approved protection plan: correct the edge if "
        "it differs from it; if the edge is right, correct the figure in the text.",
        "control_area": "The construction control zone of “{site}” is {value} {unit} in the data, {target} {unit} in "
        "the plan ({source}): difference {miss} {unit}. Compare with the approved protection plan: correct the edge "
        "if it differs from it; if the edge is right, correct the figure in the text.",
    },
    fails=[
        RuleExample("one building is missing", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, finds=1,
                settings={"register": [_make_register_line("历史建筑", 2)]}),
        RuleExample("one too many of a level", {"LSWHBHX": [_make_temple_row(SQUARE_WKT, "甲寺", "20"), _make_temple_row(FAR_EAST_SQUARE_WKT, "乙寺", "20")]}, finds=1,
                settings={"register": [_make_register_line("文物保护单位", 1, "国家级")]}),
        RuleExample("none at all", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, finds=1,
                settings={"register": [_make_register_line("历史建筑", 1), _make_register_line("历史文化街区", 1)]}),
        RuleExample("a named district is missing, and a core too small", {"LSWHBHX": [
            {"wkt": SQUARE_WKT, "feature_name": "甲街区核心保护范围", "feature_kind": "21"}]}, finds=2, settings={"register": [
                ("历史文化街区", "历史文化街区", "", {"name": "甲街区", "core_area": "1.20", "unit": "ha"}),
                ("历史文化街区", "历史文化街区", "", {"name": "乙街区"})]}),
    ],
    passes=[
        RuleExample("as stated; range and point are one site", {"LSWHBHX": [_make_temple_row(SQUARE_WKT, "甲寺", "20"), _make_temple_row(FAR_EAST_SQUARE_WKT, "乙寺", "30")],
                "WWBHDWD": [{"wkt": "POINT (5 5)", "feature_name": "甲寺"}]},
                settings={"register": [_make_register_line("文物保护单位", 1, "国家级"), _make_register_line("文物保护单位", 1, "省级"), _make_register_line("文物保护单位", 2)]}),
        RuleExample("areas as printed", {"LSWHBHX": [{"wkt": SQUARE_WKT, "feature_name": "甲街区核心保护范围", "feature_kind": "21"},
                {"wkt": FAR_EAST_SQUARE_WKT, "feature_name": "甲街区建设控制地带", "feature_kind": "22"}]}, settings={"register": [
                ("历史文化街区", "历史文化街区", "", {"name": "甲街区", "area": "2.0", "core_area": "1.0", "control_area": "1.0", "unit": "ha"})]}),
        RuleExample("the plan states nothing", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}),
        RuleExample("no layer of heritage", {"STBHHX": [SQUARE_WKT]}, settings={"register": [_make_register_line("历史建筑", 2)]}),
    ],
)  # fmt: skip
def heritage_counts(*, ctx: RuleContext) -> RuleResult:
    """The data have the heritage sites that the plan counts.

    What it checks
        The counts of the profile's register ([[heritage_register]]) by kind and level, compared with the sites in
        LSWHBHX and in the layers of single kinds; the named sites, and their areas, core and control zone.
    Why
        The plan's text states the number of sites of each level; the map must agree, and a site that was not drawn
        has no protection.
    How to fix
        Draw the missing site; correct kind (LX), level (JB) and name (MC); or correct the text with its document.
    Limits
        A site is one name in all layers; words for a part at its end are ignored. Only LSWHBHX has a level. Lists
        marked C define kinds and levels. Areas agree if they round to the printed value. Not applicable if the profile
        states nothing, or without a layer of heritage. Runs by default for a whole county (scope county), else if the
        rule or its group heritage is selected.
    """
    register = [line for line in ctx.norm.profile.register if line.area_code == ctx.plan.area_code]
    if not register:
        return RuleResult(is_applicable=False, notes=[("register_none", {})])
    result = RuleResult()
    sites = collect_heritage_sites(ctx, lambda role: find_usable_layer_or_note_reason(role, ctx, result))
    if not sites.layers:
        result.is_applicable = False
        return result
    for role, count in sites.nameless_row_counts.items():
        result.not_checked.append(
            ("heritage_nameless", {"layer": sites.layers[role].name, "role": role, "count": count})
        )
    uncounted: list[str] = []
    for line in register:
        if line.count is None:
            site = sites.by_name.get(normalise_name(line.name))
            params: dict[str, Any] = {"term": line.term, "site": line.name}
            if site is None:
                result.findings.append(_make_register_finding(line, sites, "site", params))
                continue
            for key, part in HERITAGE_PART_BY_AREA_KEY.items():
                printed_area, area = getattr(line, key), site.measure_part_area_m2(part)
                if not printed_area or area is None:
                    continue
                value, decimals = convert_area(area, line.unit), len(printed_area.partition(".")[2])
                if compare_area_with_target(value, "=", float(printed_area), decimals) == TARGET_MISSED:
                    values = {"value": round(value, decimals + 2), "unit": line.unit, "target": printed_area}
                    values["miss"] = round(abs(value - float(printed_area)), decimals + 2)
                    result.findings.append(
                        _make_register_finding(
                            line,
                            sites,
                            key,
                            {**params, **values},
                            ctx.geometry.unite_shapes(site.get_part_shapes(part)),
                        )
                    )
        else:
            result.findings += _compare_count(line, line.count, sites, uncounted, ctx)
    if uncounted:
        result.not_checked.append(("heritage_unsaid", {"terms": "、".join(uncounted)}))
    return result


def _compare_count(
    registered_site: RegisteredSite, stated_count: int, sites: HeritageSites, uncounted: list[str], ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding if the register's number of sites differs from that in the layers.

    If sites with an uncertain kind or level could explain the difference, nothing is returned, and the term of the
    register is added to ``uncounted``.
    """
    of_kind = [site for site in sites.by_name.values() if registered_site.kind in site.kind_names]
    # A site without a level may have this one, a site without a kind this kind, and a site whose rows have several may
    # have either.
    certain_sites = [
        site for site in of_kind if not registered_site.level or site.level_names == {registered_site.level}
    ]
    possible_sites = [
        site
        for site in of_kind
        if registered_site.level and (not site.level_names or registered_site.level in site.level_names)
    ]
    without_kind = [site for site in sites.by_name.values() if not site.kind_names]
    uncertain_sites = without_kind + [site for site in possible_sites if site not in certain_sites]
    if len(certain_sites) < stated_count <= len(certain_sites) + len(uncertain_sites):
        uncounted.append(
            f"{registered_site.term} {len(certain_sites)}–{len(certain_sites) + len(uncertain_sites)} / {stated_count}"
        )
        return
    if len(certain_sites) == stated_count:
        return
    names = "、".join(site.name for site in certain_sites[:MAX_LISTED_NAMES])
    more = f" … ({len(certain_sites)})" if len(certain_sites) > MAX_LISTED_NAMES else ""
    kind = registered_site.kind
    heritage = ctx.plan.find_layer_of_concept("heritage")
    kinds = ctx.get_code_list(KIND_CODE_LIST_ID).entry_by_code
    roles_of_kind = [role for role, layer_kind in list_heritage_layers(ctx) if layer_kind == kind]
    present_roles = [role for role in roles_of_kind if role in sites.layers]
    yield _make_register_finding(
        registered_site,
        sites,
        "count",
        {
            "term": registered_site.term,
            "stated": stated_count,
            "count": len(certain_sites),
            "names": names + more or "—",
            "shown": {
                "missing_count": stated_count - len(certain_sites),
                "counted": {
                    "line_role": heritage.role if heritage is not None and heritage.role in sites.layers else "",
                    "kind": next((f"{code} {entry.name}" for code, entry in kinds.items() if entry.name == kind), kind),
                    "roles": present_roles,
                    "absent_roles": [] if present_roles else roles_of_kind,
                },
            },
        },
        ctx.geometry.unite_shapes([shape for site in certain_sites for shape in site.get_part_shapes()]),
    )


def _make_register_finding(
    registered_site: RegisteredSite, sites: HeritageSites, case: str, params: dict[str, Any], geometry: Any = None
) -> Finding:
    """Return a finding on a row of the register.

    It has no row of a layer; the name or the term of the line identifies it.
    """
    role, key = next(iter(sites.layers)), registered_site.name or registered_site.term
    return Finding(role, key, case=case, params={**params, "source": registered_site.source}, geometry=geometry)


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
    result.findings += _compare_with_register(sites, register, ctx)
    return result


def _compare_with_register(sites: HeritageSites, register: HeritageRegister, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on sites that only the register or only the data have, or whose kind or level differ."""

    def make_finding(case: str, name: str, params: dict[str, Any], site: HeritageSite | None = None) -> Finding:
        """Return a finding on a site, identified by its name; its geometry is that of ``site``, if it is drawn."""
        return Finding(
            site.layer_rows[0][0].role if site else next(iter(sites.layers)),
            name,
            case=case,
            params={"site": name, "file": register.file_name, **params},
            geometry=ctx.geometry.unite_shapes(site.get_part_shapes()) if site else None,
        )

    row_of_name: dict[str, ListedSite] = {}
    for row in register.listed_sites:
        first = row_of_name.setdefault(normalise_name(row.name), row)
        if first is not row:
            yield make_finding("twice", row.name, {"line": first.line_number, "other": row.line_number})
    unlisted_names = [name for name in sites.by_name if name not in row_of_name]
    similar_names = set()
    for name, row in row_of_name.items():
        site = sites.by_name.get(name)
        if site is None:
            params = {"line": row.line_number, "term": f"{row.level}{row.kind}" or "—"}
            near_names = get_close_matches(name, unlisted_names, n=1, cutoff=NAME_SIMILARITY_CUTOFF)
            similar_names.update(near_names)
            near = sites.by_name[near_names[0]] if near_names else None
            if near is not None:
                params |= {"near": near.name, "near_name": near_names[0]}
            yield make_finding("missing" if near is None else "alike", row.name, params, near)
        else:
            for case, stated, known in (
                ("level", row.level, site.level_names),
                ("kind", row.kind, site.kind_names),
            ):
                if stated and known and stated not in known:
                    params = {"line": row.line_number, "stated": stated, "found": _join_names(known)}
                    yield make_finding(case, row.name, params, site)
    kinds = {row.kind for row in register.listed_sites}
    for name in unlisted_names:
        site = sites.by_name[name]
        if name not in similar_names and (site.kind_names & kinds or kinds == {""}):
            yield make_finding("unlisted", site.name, {"found": _join_names(site.kind_names)}, site)


def _join_names(value_names: set[str]) -> str:
    """Return names in sorted order joined by 、; a dash without names."""
    return "、".join(sorted(value_names)) or "—"
