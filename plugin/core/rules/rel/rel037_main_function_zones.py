# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.heritage_sites import list_heritage_range_roles
from ...figures.indicators.townships import find_main_rows, list_townships_by_code
from ...figures.three_zones import list_zone_codes
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.profile.space_map import ZONE_KINDS_BY_CODE, load_space_map
from .._places import SQUARE_KM_WKT, find_polygons_overlapping_any, give_findings_to_layer

ENERGY_FUNCTION, HERITAGE_FUNCTION = "energy", "heritage"
#: Settings of the rules on main functions.
SETTINGS_USED = ("tolerance", "main_function", "three_zones", "codes.planning_zones", "rules.REL037")
#: Meanings of the fields in which words are searched; the remark (BZ) has no meaning.
_TEXT_FIELDS, _REMARK_FIELD = ("feature_kind", "feature_name"), "BZ"
#: Heritage sites without a separate protection range.
_HERITAGE_LAYERS = ("WWBHDWD", "BKYDWWD", "LSJZD", "LSHJYS", "XZLSWHYCFB")
ISLAND_WKT = "POLYGON ((1500 0, 1600 0, 1600 100, 1500 100, 1500 0))"
EAST_TOWNSHIP_WKT = "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 0))"
FARMING_TOWNSHIP = {"wkt": SQUARE_KM_WKT, "feature_kind": "农产品主产区", "division_name": "某镇"}
FARMLAND_ZONE = {"wkt": "POLYGON ((0 0, 600 0, 600 1000, 0 1000, 0 0))", "zone_code": "300"}
ECOLOGY_ZONE = {"wkt": "POLYGON ((600 0, 1000 0, 1000 1000, 600 1000, 600 0))", "zone_code": "200"}


@rule(
    "REL037",
    "main-function-zones",
    problem="Zones and main function of a township disagree",
    severity=Severity.WARNING,
    basis=["shanxi-plan-3", "main-function-shares"],
    needs={
        "functions": LayerNeed("functions"),
        "zones": LayerNeed("zones", fields=("zone_code",)),
        "townships": LayerNeed("townships", optional=True),
    },
    uses=SETTINGS_USED,
    messages={
        "kind": "{layer} ({key}, {name}): the main function is unknown, because {field} is “{value}”. Fill in "
        "农产品主产区, 重点生态功能区 or 城市化地区 by the province's approved list, or add the county's word to [main_function] of "
        "the county profile.",
        "share": "{name} ({layer} {key}) has the main function {function}, but its zones are {agricultural} % "
        "agricultural, {ecological} % ecological and {urban} % urban space: {space}, which belongs to this function, "
        "is neither the largest of the three nor at least {limit} % (the default of the plugin or a setting of the "
        "county). First compare the function with the province's approved list, and correct it if it is wrong; if it "
        "is right, compare the zones of the township with the approved result; if both are right, waive the finding "
        "and give the source.",
        "energy": "{name} ({layer} {key}) is also {function}, but it has no zone for mining and energy and no "
        "mineral line. Compare with the province's approved list: correct a wrong function; if it is right, draw the "
        "missing zone or line of the approved plan.",
        "heritage": "{name} ({layer} {key}) is also {function}, but it has no feature of the heritage layers. "
        "Compare with the province's approved list: correct a wrong function; if it is right, draw the announced "
        "sites and their ranges.",
        "bare": "{area} of {related_layer} ({related_key}) has no main function in {layer} (width {width} m). Every "
        "township needs one. Compare with the province's approved list: draw a missing township with its function, "
        "or extend the layer to the township's edge.",
    },
    fails=[
        RuleExample("farming where woods are", {"functions": [FARMING_TOWNSHIP], "zones": [{**FARMLAND_ZONE, "zone_code": "200"}, {**ECOLOGY_ZONE, "zone_code": "300"}]},
                finds=1, parameters={"min_farming_share": 0.5}),
        RuleExample("woods nearly everywhere", {"functions": [FARMING_TOWNSHIP], "zones": [{**FARMLAND_ZONE, "zone_code": "200"}]}, finds=1),
        RuleExample("a town that is none", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "城市化地区"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE]}, finds=1),
        RuleExample("an unknown word", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "综合区"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE]}, finds=1),
        RuleExample("energy without any", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区（叠加能源资源富集区）"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE],
                "KCZYKCBHX": [EAST_TOWNSHIP_WKT]}, finds=1),
        RuleExample("heritage without any", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区、历史文化资源富集区"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE],
                "LSWHBHX": [EAST_TOWNSHIP_WKT]}, finds=1),
        RuleExample("a township without a function", {"functions": [FARMING_TOWNSHIP], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE], "townships": [SQUARE_KM_WKT, EAST_TOWNSHIP_WKT]}, finds=1,
                areas=(1000000.0,)),
    ],
    passes=[
        RuleExample("fields on more than half", {"functions": [FARMING_TOWNSHIP], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE], "townships": [SQUARE_KM_WKT]}),
        RuleExample("a tenth of town is enough", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区内的重点开发乡镇"}],
                "zones": [{"wkt": "POLYGON ((0 0, 100 0, 100 1000, 0 1000, 0 0))", "zone_code": "410"}, {**FARMLAND_ZONE, "wkt": "POLYGON ((100 0, 1000 0, 1000 1000, 100 1000, 100 0))"}]}),
        RuleExample("with its overlays", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区，叠加能源资源富集区、历史文化资源富集区"}],
                "zones": [FARMLAND_ZONE, {**ECOLOGY_ZONE, "zone_code": "700"}], "LSWHBHX": ["POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}),
        RuleExample("an island of woods belongs to its township", {"functions": [FARMING_TOWNSHIP, {**FARMING_TOWNSHIP, "wkt": ISLAND_WKT}],
                "zones": [FARMLAND_ZONE, {"wkt": ISLAND_WKT, "zone_code": "200"}]}),
        RuleExample("three tenths are enough", {"functions": [FARMING_TOWNSHIP], "zones": [{**FARMLAND_ZONE, "zone_code": "200"}, {**ECOLOGY_ZONE, "zone_code": "300"}]}),
    ],
)  # fmt: skip
def main_function_zones(
    functions: Layer,
    zones: Layer,
    townships: Layer | None,
    *,
    ctx: RuleContext,
    min_farming_share: float = 0.3,
    min_ecology_share: float = 0.3,
    min_urban_share: float = 0.05,
) -> RuleResult:
    """The zones of a township agree with its main function.

    What it checks
        For each township in 乡级主体功能定位 (XZZTGNDW): the space of its function (农产品主产区: agricultural,
        重点生态功能区: ecological, 城市化地区 and 重点开发: urban) is the largest of the three spaces of its zones,
        or has at least its minimum share. A township that is also 能源资源富集区 has a zone or line for it, one that
        is also 历史文化资源富集区 has features of the heritage layers. Every township has a function.
    Why
        The province's plan assigns the main function, and the zones must follow it.
    How to fix
        Fill in a missing function. Check the zones of the township first and draw what is missing; if they are
        right, check its function, and have it corrected in the upper plan if needed.
    Limits
        Words (`[main_function]`) in kind (LX), name and remark identify function and overlays: no field table was read
        (mark C). Shares are of the land in one of the three spaces; minimum shares are those of the plugin (mark C): a
        province sets its own. Runs by default for a whole county (scope county), else if the rule or its group
        control_lines is selected.
    """
    limits = {"01": min_farming_share, "02": min_ecology_share, "03": min_urban_share}
    functions_found = read_main_functions(functions, ctx)
    spaces = load_space_map(ctx.norm)
    codes = np.array([spaces.get_three_zone_code(code) for code in list_zone_codes(zones)], dtype=object)
    shared = ctx.geometry.find_shared_areas(functions, zones)
    shared_areas = shared.share * functions.statutory[shared.left]
    townships_found, township_of_row = list_townships_by_code(functions)
    main_rows = find_main_rows(functions, township_of_row)
    zone_areas = np.column_stack(
        [
            np.bincount(
                township_of_row[shared.left],
                shared_areas * (codes[shared.right] == code),
                minlength=len(townships_found),
            )
            for code in ZONE_KINDS_BY_CODE
        ]
    )[township_of_row]
    result = RuleResult()
    for row, function in enumerate(functions_found):
        code, areas = function.zone_code, dict(zip(ZONE_KINDS_BY_CODE, zone_areas[row].tolist(), strict=True))
        total = sum(areas.values())
        if not code:
            result.findings.append(
                ctx.make_row_finding(
                    functions,
                    row,
                    case="kind",
                    field=functions.get_field_name("feature_kind") or functions.get_field_name("feature_name"),
                    params={"name": function.township_name, "value": function.searched_text},
                    geometry=functions.plane_shapes[row],
                )
            )
        elif row in main_rows and total and areas[code] < max(areas.values()) and areas[code] / total < limits[code]:
            result.findings.append(
                ctx.make_row_finding(
                    functions,
                    row,
                    case="share",
                    params={
                        "name": function.township_name,
                        "function": function.function_word,
                        **{kind: round(100 * areas[one] / total, 1) for one, kind in ZONE_KINDS_BY_CODE.items()},
                        "space": spaces.name(code),
                        "limit": round(100 * limits[code], 2),
                    },
                    geometry=functions.plane_shapes[row],
                )
            )
    result.findings += _find_missing_additional_functions(functions_found, functions, township_of_row, zones, ctx)
    if townships is not None:
        uncovered_findings = ctx.make_pair_findings(
            townships, functions, ctx.geometry.find_uncovered_pieces(townships, functions), case="bare", by_place=True
        )
        give_findings_to_layer(uncovered_findings, functions)
        result.findings += uncovered_findings
    return result


@dataclass(frozen=True)
class MainFunction:
    """The main function (主体功能) that a row of a layer states for a township.

    ``zone_code``: 01 agricultural, 02 ecological, 03 urban, empty if unknown; ``function_word``: the word found for it;
    ``words_by_additional_function``: kind of an additional function (energy, heritage) → word found, empty if absent;
    ``township_name``: the township's name; ``searched_text``: the text that was searched.
    """

    zone_code: str
    function_word: str
    words_by_additional_function: dict[str, str]
    township_name: str
    searched_text: str


def read_main_functions(layer: Layer, ctx: RuleContext) -> list[MainFunction]:
    """Return the main function that each row of a layer states.

    It is the first word of the setting ``[main_function]`` that the text contains.
    """
    spaces = [("03", "urban"), ("02", "ecological"), ("01", "agricultural")]
    code_and_word_pairs = [(code, word) for code, key in spaces for word in ctx.norm.get(f"main_function.{key}_words")]
    columns = [*(layer.text(field) for field in _TEXT_FIELDS), layer.get_texts_by_name(_REMARK_FIELD)]
    main_functions = []
    for name, *texts in zip(layer.text("division_name"), *columns, strict=True):
        text = " ".join(word for word in texts if word)
        zone_code, word = next(((c, w) for c, w in code_and_word_pairs if w in text), ("", ""))
        also = {
            kind: next((w for w in ctx.norm.get(f"main_function.{kind}_words") if w in text), "")
            for kind in (ENERGY_FUNCTION, HERITAGE_FUNCTION)
        }
        main_functions.append(MainFunction(zone_code, word, also, name, text))
    return main_functions


def _find_missing_additional_functions(
    functions_found: list[MainFunction], functions: Layer, township_of_row: NDArray, zones: Layer, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on each township with an additional function of which it has no feature.

    A function is not checked if the plan has no layer for it.
    """
    mining = ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("main_function.energy_zones"))
    for additional_function, shapes, concepts in (
        (ENERGY_FUNCTION, [zones.plane_shapes[mining]], ("mineral_line", "KCZYBHX")),
        (HERITAGE_FUNCTION, [], ("heritage", *list_heritage_range_roles(ctx), *_HERITAGE_LAYERS)),
    ):
        words = [function.words_by_additional_function[additional_function] for function in functions_found]
        shapes += [layer.plane_shapes for one in concepts if (layer := ctx.plan.find_layer_of_concept(one)) is not None]
        if not shapes:
            continue
        has_features = find_polygons_overlapping_any(functions.plane_shapes, np.concatenate(shapes))
        has_features = np.isin(township_of_row, township_of_row[has_features])
        main_rows = find_main_rows(functions, township_of_row)
        for row in main_rows[np.array(words, dtype=bool)[main_rows] & ~has_features[main_rows]].tolist():
            yield ctx.make_row_finding(
                functions,
                row,
                case=additional_function,
                params={"name": functions_found[row].township_name, "function": words[row]},
                geometry=functions.plane_shapes[row],
            )
