# SPDX-License-Identifier: GPL-2.0-or-later
from collections import defaultdict

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._attributes import make_row_list_params, read_setting_words

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
OTHER_SQUARE_WKT = "POLYGON ((10 0, 19 0, 19 9, 10 9, 10 0))"


@rule(
    "ATT001",
    "duplicate-key",
    problem="Keys are missing or repeated, or numbers or grades are all alike",
    surroundings="keys",
    checks_one_layer=True,
    basis=["A1"],
    uses=["attributes.number_fields", "attributes.graded_fields"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("key",))},
    messages={
        "repeated": "{layer}: {field} {key} is repeated; features: {count} (ids {fids}{more}). Findings, waivers and "
        "versions cannot distinguish them. Keep the one that {authority} already had, and assign new numbers to the "
        "others (Fix…, or function sanxian_next_bsm of the field calculator); a used number is never assigned again.",
        "missing": "{layer} ({key}): {field} is empty, so the feature cannot be identified. Enter the key that "
        "{authority} has. If there is none, select the feature, and update {field} of selected features in the field "
        "calculator with sanxian_next_bsm().",
        "number": "{layer}: every feature has the same {field} “{value}” (features: {count}), but the field must "
        "number them one by one. Enter the numbers of {authority}; number the features again if it has none.",
        "grade": "{layer}: every feature has the same {field} “{value}” (features: {count}), but this layer divides "
        "the county into grades. Take the grade of each feature from the evaluation.",
    },
    fails=[
        RuleExample("same number twice", {"layer": [{"wkt": SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": "1"}]}, finds=1),
        RuleExample("one parcel number for all", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "YJJBNTTBBH": "7"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "YJJBNTTBBH": "7"}]},
                finds=1, roles={"layer": "YJJBNTBHTB"}),
        RuleExample("suited everywhere", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "feature_name": "适宜"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "feature_name": "适宜"}]},
                finds=1, roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("no number", {"layer": [{"wkt": SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": None}]}, finds=1),
    ],
    passes=[
        RuleExample("two grades", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "feature_name": "适宜"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "feature_name": "不适宜"}]},
                roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("all different, a gap", {"layer": [{"wkt": SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": "3"}]}),
        RuleExample("parcels have numbers of their own", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "YJJBNTTBBH": "7"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "YJJBNTTBBH": "8"}]},
                roles={"layer": "YJJBNTBHTB"}),
    ],
)  # fmt: skip
def duplicate_key(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """BSM is present and unique in its layer.

    What it checks
        标识码 (BSM) that are repeated within a layer, or missing; and, as a warning, a layer in which all rows have
        the same value in a numbering field (`attributes.number_fields`: 永久基本农田图斑编号) or a field of grades
        (`attributes.graded_fields`: evaluations).
    Why
        Findings, waivers, versions and the national system identify a feature by this number alone.
    How to fix
        Keep the number of one feature (normally the earlier one) and assign new numbers to the others and to
        features without one. A used number is never assigned again; gaps are normal.
    Limits
        Checks one layer at a time, and not the number's composition. Settings (mark C) list the fields of numbers and
        grades.
    """
    field = layer.get_field_name("key")
    if not layer.has_field("key"):
        return None
    rows: dict[str, list[int]] = defaultdict(list)
    for position in sorted(layer.repeated_keys):
        rows[layer.keys[position]].append(position)
    findings = []
    for key, positions in rows.items():
        if not key:
            findings += [
                ctx.finding_maker.make_row_finding(
                    layer, p, field=field, case="missing", geometry=layer.plane_shapes[p]
                )
                for p in positions
            ]
        elif len(positions) > 1:
            row_shapes = layer.plane_shapes[positions]
            shapes = shapely.get_parts(row_shapes[~shapely.is_missing(row_shapes)])
            findings.append(
                Finding(
                    layer.role,
                    key,
                    field=field,
                    case="repeated",
                    params=make_row_list_params(layer, positions),
                    geometry=shapely.multipolygons(shapes)
                    if len(shapes) and np.all(shapely.get_type_id(shapes) == 3)
                    else None,
                )
            )
    for name in ctx.norm.get("attributes.number_fields"):
        findings += _report_constant_value(layer, name, "number")
    for role, name in read_setting_words(ctx.norm, "attributes.graded_fields", 2, 2):
        if role == layer.role:
            findings += _report_constant_value(layer, name, "grade")
    return findings


def _report_constant_value(layer: Layer, name: str, case: str) -> list[Finding]:
    """Return a warning if all rows have the same value in a field.

    None is returned for a layer with fewer than two rows, without the field, or with blank values only.
    """
    template_field = layer.template.find_field_by_name(name)
    if template_field is None or layer.get_column_by_name(name) is None or len(layer) < 2:
        return []
    values = set(layer.get_texts_by_name(name))
    if len(values) != 1 or not (value := values.pop()):
        return []
    params = {"count": len(layer), "value": value}
    return [Finding(layer.role, field=template_field.name, case=case, severity=Severity.WARNING, params=params)]
