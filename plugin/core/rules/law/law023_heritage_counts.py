# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from typing import Any

from ...engine.context import Context
from ...heritage.heritage_sites import LEVELS, Site, Sites, collect_heritage_sites
from ...heritage.protection import CONTROL, CORE, RANGE, USES
from ...model.findings import Finding
from ...model.indicator import BROKEN, compare_area_with_target, convert_area
from ...model.rule import Example, RuleResult, Severity, rule
from ...profile import RegisteredSite
from .._places import require_layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
NEXT = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"
#: Names that a message lists; the rest is counted.
SHOWN = 8
AREAS = {"area": RANGE, "core_area": CORE, "control_area": CONTROL}


def _join_names(kind: str, count: int, level: str = "") -> tuple[str, str, str, int]:
    return (f"{level}{kind}", kind, level, count)


def _temple(wkt: str, name: str, level: str = "") -> dict[str, str]:
    return {"wkt": wkt, "feature_name": f"{name}保护范围", "feature_kind": "61", "JB": level}


@rule(
    "LAW023",
    "heritage-counts",
    problem="Heritage sites differ from the plan",
    severity=Severity.WARNING,
    basis=["heritage-checks"],
    needs={},
    uses=[*USES, f"codes.{LEVELS}"],
    messages={
        "count": "The plan states {stated} of {term} ({source}); the data have {count}: {names}. Draw the missing sites, remove surplus ones, or correct kind, level and name; or correct the text with its document.",
        "site": "The plan names “{site}” ({term}, {source}), which is in no layer of heritage. Draw it, or correct the name.",
        "area": "The protection range of “{site}” is {value} {unit} in the data, {target} {unit} in the plan ({source}): difference {miss} {unit}. Correct the edge, or the text.",
        "core_area": "The core of “{site}” is {value} {unit} in the data, {target} {unit} in the plan ({source}): difference {miss} {unit}. Correct the edge, or the text.",
        "control_area": "The control zone of “{site}” is {value} {unit} in the data, {target} {unit} in the plan ({source}): difference {miss} {unit}. Correct the edge, or the text.",
    },
    fails=[
        Example("one building is missing", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, finds=1,
                settings={"register": [_join_names("历史建筑", 2)]}),
        Example("one too many of a level", {"LSWHBHX": [_temple(SQUARE, "甲寺", "20"), _temple(NEXT, "乙寺", "20")]}, finds=1,
                settings={"register": [_join_names("文物保护单位", 1, "国家级")]}),
        Example("none at all", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, finds=1,
                settings={"register": [_join_names("历史建筑", 1), _join_names("历史文化街区", 1)]}),
        Example("a named district is missing, and a core too small", {"LSWHBHX": [
            {"wkt": SQUARE, "feature_name": "甲街区核心保护范围", "feature_kind": "21"}]}, finds=2, settings={"register": [
                ("历史文化街区", "历史文化街区", "", {"name": "甲街区", "core_area": "1.20", "unit": "ha"}),
                ("历史文化街区", "历史文化街区", "", {"name": "乙街区"})]}),
    ],
    passes=[
        Example("as stated; range and point are one site", {"LSWHBHX": [_temple(SQUARE, "甲寺", "20"), _temple(NEXT, "乙寺", "30")],
                "WWBHDWD": [{"wkt": "POINT (5 5)", "feature_name": "甲寺"}]},
                settings={"register": [_join_names("文物保护单位", 1, "国家级"), _join_names("文物保护单位", 1, "省级"), _join_names("文物保护单位", 2)]}),
        Example("areas as printed", {"LSWHBHX": [{"wkt": SQUARE, "feature_name": "甲街区核心保护范围", "feature_kind": "21"},
                {"wkt": NEXT, "feature_name": "甲街区建设控制地带", "feature_kind": "22"}]}, settings={"register": [
                ("历史文化街区", "历史文化街区", "", {"name": "甲街区", "area": "2.0", "core_area": "1.0", "control_area": "1.0", "unit": "ha"})]}),
        Example("the plan states nothing", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}),
        Example("no layer of heritage", {"STBHHX": [SQUARE]}, settings={"register": [_join_names("历史建筑", 2)]}),
    ],
)  # fmt: skip
def heritage_counts(*, ctx: Context) -> RuleResult:
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
        marked C define kinds and levels. Areas agree if they round to the printed value. Not applicable if the
        profile states nothing, or without a layer of heritage. Runs for a whole county, by name or with the group
        heritage.
    """
    register = ctx.norm.register(ctx.plan.area_code)
    if not register:
        return RuleResult(applicable=False, notes=[("register_none", {})])
    result = RuleResult()
    sites = collect_heritage_sites(ctx, lambda role: require_layer(role, ctx, result))
    if not sites.layers:
        result.applicable = False
        return result
    for role, count in sites.nameless.items():
        result.not_checked.append(
            ("heritage_nameless", {"layer": sites.layers[role].name, "role": role, "count": count})
        )
    uncounted: list[str] = []
    for line in register:
        if line.count is None:
            result.findings += _named(line, sites, ctx)
        else:
            result.findings += _counted(line, line.count, sites, uncounted, ctx)
    if uncounted:
        result.not_checked.append(("heritage_unsaid", {"terms": "、".join(uncounted)}))
    return result


def _counted(line: RegisteredSite, stated: int, sites: Sites, uncounted: list[str], ctx: Context) -> list[Finding]:
    """Return findings on a stated count that differs from the sites in the layers.

    ``uncounted`` receives the terms whose sites cannot be counted.
    """
    of_kind = sites.of(line.kind)
    # A site without a level may have this one, a site without a kind this kind, and a site whose rows have several may
    # have either.
    own = [site for site in of_kind if not line.level or site.levels == {line.level}]
    maybe = [site for site in of_kind if line.level and (not site.levels or line.level in site.levels)]
    unsaid = sites.without_kind + [site for site in maybe if site not in own]
    params: dict[str, Any] = {"term": line.term, "stated": stated, "count": len(own)}
    if len(own) < stated <= len(own) + len(unsaid):
        uncounted.append(f"{line.term} {len(own)}–{len(own) + len(unsaid)} / {stated}")
        return []
    if len(own) == stated:
        return []
    shapes = [shape for site in own for shape in site.shapes()]
    return [_finding(line, sites, "count", {**params, "names": _names(own)}, ctx.geometry.joined(shapes))]


def _named(line: RegisteredSite, sites: Sites, ctx: Context) -> list[Finding]:
    site = sites.find(line.name)
    params: dict[str, Any] = {"term": line.term, "site": line.name}
    if site is None:
        return [_finding(line, sites, "site", params)]
    found = []
    for key, part in AREAS.items():
        printed, area = getattr(line, key), site.area_m2(part)
        if not printed or area is None:
            continue
        value, decimals = convert_area(area, line.unit), len(printed.partition(".")[2])
        if compare_area_with_target(value, "=", float(printed), decimals) == BROKEN:
            values = {"value": round(value, decimals + 2), "unit": line.unit, "target": printed}
            values["miss"] = round(abs(value - float(printed)), decimals + 2)
            found.append(_finding(line, sites, key, {**params, **values}, ctx.geometry.joined(site.shapes(part))))
    return found


def _finding(line: RegisteredSite, sites: Sites, case: str, params: dict[str, Any], place: Any = None) -> Finding:
    """Return a finding without a row; the line of the register identifies it."""
    role, key = next(iter(sites.layers)), line.name or line.term
    return Finding(role, key, case=case, params={**params, "source": line.source}, geometry=place)


def _names(sites: list[Site]) -> str:
    shown = [site.name for site in sites[:SHOWN]]
    return "、".join(shown) + (f" … ({len(sites)})" if len(sites) > SHOWN else "") if shown else "—"
