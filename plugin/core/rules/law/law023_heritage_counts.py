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
#: Names that a message gives; the rest is counted.
SHOWN = 8
AREAS = {"area": RANGE, "core_area": CORE, "control_area": CONTROL}


def _said(kind: str, count: int, level: str = "") -> tuple[str, str, str, int]:
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
        "count": "The plan states {stated} of {term} ({source}); the data holds {count}: {names}. Draw what is missing, take out what is too "
        "many, or correct kind, level and name; or correct the text with its document.",
        "site": "The plan names “{site}” ({term}, {source}), which no layer of heritage holds. Draw it, or correct the name.",
        "area": "The protection range of “{site}” is {value} {unit} in the data, {target} {unit} in the plan ({source}): {miss} {unit} "
        "off. Correct the edge, or the text.",
        "core_area": "The core of “{site}” is {value} {unit} in the data, {target} {unit} in the plan ({source}): {miss} {unit} "
        "off. Correct the edge, or the text.",
        "control_area": "The control zone of “{site}” is {value} {unit} in the data, {target} {unit} in the plan ({source}): {miss} {unit} "
        "off. Correct the edge, or the text.",
    },
    fails=[
        Example("one building is missing", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, finds=1,
                settings={"register": [_said("历史建筑", 2)]}),
        Example("one too many of a level", {"LSWHBHX": [_temple(SQUARE, "甲寺", "20"), _temple(NEXT, "乙寺", "20")]}, finds=1,
                settings={"register": [_said("文物保护单位", 1, "国家级")]}),
        Example("none at all", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, finds=1,
                settings={"register": [_said("历史建筑", 1), _said("历史文化街区", 1)]}),
        Example("a named district is missing, and a core too small", {"LSWHBHX": [
            {"wkt": SQUARE, "feature_name": "甲街区核心保护范围", "feature_kind": "21"}]}, finds=2, settings={"register": [
                ("历史文化街区", "历史文化街区", "", {"name": "甲街区", "core_area": "1.20", "unit": "ha"}),
                ("历史文化街区", "历史文化街区", "", {"name": "乙街区"})]}),
    ],
    passes=[
        Example("as stated; range and point are one site", {"LSWHBHX": [_temple(SQUARE, "甲寺", "20"), _temple(NEXT, "乙寺", "30")],
                "WWBHDWD": [{"wkt": "POINT (5 5)", "feature_name": "甲寺"}]},
                settings={"register": [_said("文物保护单位", 1, "国家级"), _said("文物保护单位", 1, "省级"), _said("文物保护单位", 2)]}),
        Example("areas as printed", {"LSWHBHX": [{"wkt": SQUARE, "feature_name": "甲街区核心保护范围", "feature_kind": "21"},
                {"wkt": NEXT, "feature_name": "甲街区建设控制地带", "feature_kind": "22"}]}, settings={"register": [
                ("历史文化街区", "历史文化街区", "", {"name": "甲街区", "area": "2.0", "core_area": "1.0", "control_area": "1.0", "unit": "ha"})]}),
        Example("the plan states nothing", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}),
        Example("no layer of heritage", {"STBHHX": [SQUARE]}, settings={"register": [_said("历史建筑", 2)]}),
    ],
)  # fmt: skip
def heritage_counts(*, ctx: Context) -> RuleResult:
    """The heritage that the plan counts is in the data.

    What it checks
        The counts of the profile's register ([[heritage_register]]) by kind and level against the sites in LSWHBHX and in the
        layers of single kinds; the sites it names, and their areas, core and control zone.
    Why
        The plan's text says how many sites of each level there are; text and map must say the same, and a site that was not
        drawn is protected by nobody.
    How to fix
        Draw the missing site; correct kind (LX), level (JB) and name (MC); or correct the text with its document.
    Limits
        A site is one name, wherever it stands; words for a part at its end do not count. Only LSWHBHX has a level. Kinds and levels
        are told by lists marked C. Areas agree when they round to what is printed. Not applicable where the profile states
        nothing, or no layer of heritage is there. Runs for a whole county, by name or with the group heritage.
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
    untold: list[str] = []
    for line in register:
        if line.count is None:
            result.findings += _named(line, sites, ctx)
        else:
            result.findings += _counted(line, line.count, sites, untold, ctx)
    if untold:
        result.not_checked.append(("heritage_unsaid", {"terms": "、".join(untold)}))
    return result


def _counted(line: RegisteredSite, stated: int, sites: Sites, untold: list[str], ctx: Context) -> list[Finding]:
    """Compare a stated count with the sites in the layers. ``untold`` takes the terms whose sites cannot be counted."""
    of_kind = sites.of(line.kind)
    # A site without a level may be of this one, a site without a kind of this kind; so may one of which its rows say several.
    own = [site for site in of_kind if not line.level or site.levels == {line.level}]
    maybe = [site for site in of_kind if line.level and (not site.levels or line.level in site.levels)]
    unsaid = sites.without_kind + [site for site in maybe if site not in own]
    params: dict[str, Any] = {"term": line.term, "stated": stated, "count": len(own)}
    if len(own) < stated <= len(own) + len(unsaid):
        untold.append(f"{line.term} {len(own)}–{len(own) + len(unsaid)} / {stated}")
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
            told = {"value": round(value, decimals + 2), "unit": line.unit, "target": printed}
            told["miss"] = round(abs(value - float(printed)), decimals + 2)
            found.append(_finding(line, sites, key, {**params, **told}, ctx.geometry.joined(site.shapes(part))))
    return found


def _finding(line: RegisteredSite, sites: Sites, case: str, params: dict[str, Any], place: Any = None) -> Finding:
    """On no row: what names it for good is the line of the register."""
    role, key = next(iter(sites.layers)), line.name or line.term
    return Finding(role, key, case=case, params={**params, "source": line.source}, geometry=place)


def _names(sites: list[Site]) -> str:
    said = [site.name for site in sites[:SHOWN]]
    return "、".join(said) + (f" … ({len(sites)})" if len(sites) > SHOWN else "") if said else "—"
