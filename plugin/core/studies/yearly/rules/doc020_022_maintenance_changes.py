# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the changes of yearly maintenance: their causes, and what they changed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ....base.errors import require_value
from ....engine.context import RuleContext
from ....geometry.overlay_pieces import Slivers, make_row_pieces
from ....geometry.polygons import Polygons
from ....model.findings import Finding
from ....model.rule import RuleExample, RuleResult, Severity, rule
from ....plan.layer import Layer
from ....render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND
from ....rules._attributes import format_code_with_name
from ....standard.maintenance import AFTER_STAGE, BEFORE_STAGE
from ....standard.messages.texts import Texts
from ..maintenance import KIND_CODES, MaintenanceClasses, check_each_layer

MOVED_IN_CODE, RECODED_CODE, MOVED_OUT_CODE = (
    KIND_CODES[MOVED_IN_KIND],
    KIND_CODES[CHANGED_KIND],
    KIND_CODES[MOVED_OUT_KIND],
)


def _make_rectangle_wkt(west: int, east: int) -> str:
    """Return a rectangle between two x coordinates, 90 m high, as WKT."""
    return f"POLYGON (({west} 0, {east} 0, {east} 90, {west} 90, {west} 0))"


def _make_example_line(wkt_before: str, change: list[tuple[str, str]], *wkts_after: str) -> dict[str, list[Any]]:
    """Return the classes of 城镇开发边界 as an example.

    ``change``: WKT and kind of each change; ``wkts_after``: parcels after the change.
    """
    return {
        "WHQZXCQCSLX": [wkt_before],
        "WHCZXCQCSLX": [{"wkt": wkt, "WHLX": kind} for wkt, kind in change],
        "WHHZXCQCSLX": list(wkts_after),
    }


def _make_example_zones(wkt_before: str, change: str, *zones_after: tuple[str, str]) -> dict[str, list[Any]]:
    """Return the classes of 规划分区 as an example, with one zone before and one recoded change.

    ``zones_after``: WKT and zone code of each zone after the change.
    """
    return {
        "WHQGHFQ": [{"wkt": wkt_before, "GHFQDM": "200"}],
        "WHCGHFQ": [{"wkt": change, "WHLX": RECODED_CODE}],
        "WHHGHFQ": [{"wkt": wkt, "GHFQDM": code} for wkt, code in zones_after],
    }


@rule(
    "DOC022",
    "maintenance-changes",
    problem="Changes disagree with the land before or after",
    severity=Severity.ERROR,
    basis=["maintenance"],
    needs={},
    uses=["tolerance"],
    messages={
        "kind": "{layer} ({key}): {field} is {kind}, but this layer allows only {known}. Correct the kind.",
        "not_before": "{layer} ({key}): {area} of a change of kind {kind} is not in the layer before "
        "({related_layer}), so it cannot be changed or moved out. Compare with the approval document: correct a "
        "wrong shape or kind; if an edition is wrong, correct it and make the geodatabase again.",
        "not_after": "{layer} ({key}): {area} of a change of kind {kind} is missing in the layer after "
        "({related_layer}), which must contain changed and added land. Compare with the approval document: correct a "
        "wrong shape or kind; if an edition is wrong, correct it and make the geodatabase again.",
        "already": "{layer} ({key}): {area} is recorded as moved in, but was in {related_layer} before. Compare with "
        "the approval document: correct a wrong shape or kind; if an edition is wrong, correct it and make the "
        "geodatabase again.",
        "still": "{layer} ({key}): {area} is recorded as moved out, but is still in {related_layer}. Compare with "
        "the approval document: correct a wrong shape or kind; if an edition is wrong, correct it and make the "
        "geodatabase again.",
        "same": "{layer} ({key}): {area} is recorded as changed, but has the same code ({field} = {code}) before and "
        "after. Compare with the approval document: cut unchanged land out of the shape, or correct a wrong code.",
        "untold": "{layer} ({key}): {area} is not in {related_layer}, and no change records it. Compare with the "
        "approval document: record a change that took place; if none did, correct the editions and make the "
        "geodatabase again.",
        "lost": "{layer} ({key}): {area} is missing in {related_layer}, and this layer does not allow land to move out. Let the "
        "current edition cover it again, and make the geodatabase again.",
        "untold_code": "{layer} ({key}): {area} has another code ({field}) in {related_layer}, and no change records "
        "it. Compare with the approval document: record a change that took place; if none did, correct the wrong "
        "code and make the geodatabase again.",
    },
    fails=[
        RuleExample(
            "a line is told to have another code",
            _make_example_line(
                _make_rectangle_wkt(0, 90), [(_make_rectangle_wkt(0, 40), RECODED_CODE)], _make_rectangle_wkt(40, 90)
            ),
            finds=2,
        ),
        RuleExample(
            "moved out of what never was there",
            _make_example_line(
                _make_rectangle_wkt(0, 90),
                [(_make_rectangle_wkt(0, 40), MOVED_OUT_CODE), (_make_rectangle_wkt(90, 120), MOVED_OUT_CODE)],
                _make_rectangle_wkt(40, 90),
            ),
            finds=1,
        ),
        RuleExample(
            "moved in, but nobody has it now",
            _make_example_line(
                _make_rectangle_wkt(0, 90), [(_make_rectangle_wkt(90, 120), MOVED_IN_CODE)], _make_rectangle_wkt(0, 90)
            ),
            finds=1,
        ),
        RuleExample(
            "moved in where it was before",
            _make_example_line(
                _make_rectangle_wkt(0, 90), [(_make_rectangle_wkt(0, 40), MOVED_IN_CODE)], _make_rectangle_wkt(0, 90)
            ),
            finds=1,
        ),
        RuleExample(
            "moved out and still there",
            _make_example_line(
                _make_rectangle_wkt(0, 90), [(_make_rectangle_wkt(0, 40), MOVED_OUT_CODE)], _make_rectangle_wkt(0, 90)
            ),
            finds=1,
        ),
        RuleExample(
            "the same zone before and after",
            _make_example_zones(
                _make_rectangle_wkt(0, 90), _make_rectangle_wkt(0, 90), (_make_rectangle_wkt(0, 90), "200")
            ),
            finds=1,
        ),
        RuleExample(
            "the change was drawn smaller",
            _make_example_line(
                _make_rectangle_wkt(0, 90), [(_make_rectangle_wkt(0, 20), MOVED_OUT_CODE)], _make_rectangle_wkt(40, 90)
            ),
            finds=1,
        ),
        RuleExample(
            "another zone that no change tells of",
            _make_example_zones(
                _make_rectangle_wkt(0, 90), _make_rectangle_wkt(0, 40), (_make_rectangle_wkt(0, 90), "300")
            ),
            finds=1,
        ),
        RuleExample(
            "part of a zone was lost",
            _make_example_zones(
                _make_rectangle_wkt(0, 90),
                _make_rectangle_wkt(0, 40),
                (_make_rectangle_wkt(0, 40), "300"),
                (_make_rectangle_wkt(40, 80), "200"),
            ),
            finds=1,
        ),
    ],
    passes=[
        RuleExample(
            "moved",
            _make_example_line(
                _make_rectangle_wkt(0, 90),
                [(_make_rectangle_wkt(0, 40), MOVED_OUT_CODE), (_make_rectangle_wkt(90, 120), MOVED_IN_CODE)],
                _make_rectangle_wkt(40, 90),
                _make_rectangle_wkt(90, 120),
            ),
        ),
        RuleExample(
            "part of a zone",
            _make_example_zones(
                _make_rectangle_wkt(0, 90),
                _make_rectangle_wkt(0, 40),
                (_make_rectangle_wkt(0, 40), "300"),
                (_make_rectangle_wkt(40, 90), "200"),
            ),
        ),
        RuleExample("no maintenance", {"zones": [_make_rectangle_wkt(0, 9)]}),
    ],
)
def maintenance_changes(*, ctx: RuleContext) -> RuleResult:
    """Each change of yearly maintenance equals the difference before and after.

    What it checks
        Each maintained layer: the layer has the 维护类型 (WHLX) of each change. Land moved out (3) is in 维护前 (WHQ) and
        not in 维护后 (WHH). Land moved in (1) is in WHH and not in WHQ. Land whose code changed (2) is in both, with
        another code. Each difference between WHQ and WHH is in a change (WHC).
    Why
        A person who fills in the causes may move a vertex, split a change or paste a parcel. Then shapes, kinds and
        the balance no longer agree.
    How to fix
        Undo the edit, correct the kind or the shape, or make the geodatabase again from the two editions.
    Limits
        Parts below both minimums of the tolerance do not count. The classes are compared with each other, not with
        the two editions. A vertex on a long edge that only one class has (other programs leave such vertices) is
        found as a sliver, because the edge bends in degrees. The rule runs in the full check, not while editing.
    """
    return check_each_layer(
        ctx,
        lambda layer_classes: [
            *_find_wrong_kinds(layer_classes, ctx),
            *_find_wrong_places(layer_classes, ctx),
            *_find_unrecorded(layer_classes, ctx),
        ],
    )


def _find_wrong_kinds(layer_classes: MaintenanceClasses, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on changes of a kind that the layer does not have."""
    field = layer_classes.change_layer.get_field_name("maintenance_kind")
    separator = Texts(ctx.lang).get("words", "between_names")
    for row, kind in enumerate(layer_classes.change_layer.text("maintenance_kind")):
        # ATT002 reports blank kinds and kinds that are not in the list.
        if kind in KIND_CODES.values() and kind not in layer_classes.layer_spec.change_kinds:
            layer, known_kinds = layer_classes.change_layer, layer_classes.layer_spec.change_kinds
            kind_label, *known_labels = (
                format_code_with_name(layer, "maintenance_kind", code, ctx) for code in (kind, *known_kinds)
            )
            yield ctx.make_row_finding(
                layer,
                row,
                field=field,
                case="kind",
                params={
                    "kind": kind,
                    "known": ", ".join(known_kinds),
                    "shown": {"kind": kind_label, "known": separator.join(f"“{label}”" for label in known_labels)},
                },
                by_place=True,
            )


def _find_wrong_places(layer_classes: MaintenanceClasses, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on changes that contradict the parcels before and after.

    Only changes of a valid kind are compared.
    """
    kinds = np.array(
        [
            kind if kind in layer_classes.layer_spec.change_kinds else ""
            for kind in layer_classes.change_layer.text("maintenance_kind")
        ],
        dtype=object,
    )
    prefixes = {"not_before": _get_class_prefix(BEFORE_STAGE, ctx), "not_after": _get_class_prefix(AFTER_STAGE, ctx)}
    sides = (
        (layer_classes.before_layer, (RECODED_CODE, MOVED_OUT_CODE), "not_before", MOVED_IN_CODE, "already"),
        (layer_classes.after_layer, (RECODED_CODE, MOVED_IN_CODE), "not_after", MOVED_OUT_CODE, "still"),
    )
    for side, within, missing_case, outside, doubled_case in sides:
        side_polygons = side.polygons if side is not None else Polygons(np.zeros(0, dtype=object))
        other = prefixes[missing_case] + layer_classes.layer_spec.role
        pieces = ctx.geometry.find_uncovered_pieces(
            layer_classes.change_layer, side or layer_classes.change_layer, side_polygons, rows=np.isin(kinds, within)
        )
        for row, shape in zip(pieces.left.tolist(), pieces.geometry, strict=True):
            yield _make_finding(layer_classes.change_layer, row, shape, ctx, missing_case, other, kind=kinds[row])
        if side is not None:
            pieces = ctx.geometry.find_shared_pieces(layer_classes.change_layer, side, left_rows=kinds == outside)
            for row, shape in zip(pieces.left.tolist(), pieces.geometry, strict=True):
                yield _make_finding(layer_classes.change_layer, row, shape, ctx, doubled_case, other)
    yield from _find_same_codes(layer_classes, kinds == RECODED_CODE, ctx)


def _find_same_codes(layer_classes: MaintenanceClasses, rows: NDArray, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on land that is recorded as changed but has the same code before and after."""
    if (
        layer_classes.before_layer is None
        or layer_classes.after_layer is None
        or not layer_classes.layer_spec.compared_field
    ):
        return
    field = layer_classes.layer_spec.compared_field
    codes = [side.get_texts_by_name(field) for side in (layer_classes.before_layer, layer_classes.after_layer)]
    sides = [
        ctx.geometry.find_shared_pieces(layer_classes.change_layer, side, left_rows=rows, keep_slivers=True)
        for side in (layer_classes.before_layer, layer_classes.after_layer)
    ]
    before, after = (zip(one.left.tolist(), one.right.tolist(), one.geometry, strict=True) for one in sides)
    parts_after_by_row: dict[int, list[tuple[int, Any]]] = {}
    for row, new, shape in after:
        parts_after_by_row.setdefault(row, []).append((new, shape))
    for row, old, shape in before:
        for new, other_shape in parts_after_by_row.get(row, ()):
            if codes[0][old] != codes[1][new]:
                continue
            shared_land = shapely.intersection(shape, other_shape)
            area = shapely.area(shared_land)
            if area <= 0:
                continue
            if ctx.tolerance.is_sliver(area, 2 * area / shapely.length(shared_land)):
                ctx.run_log.record_ignored_slivers(
                    Slivers([shared_land], np.array([row]), np.array([new])),
                    layer_classes.change_layer,
                    layer_classes.after_layer,
                )
            else:
                yield _make_finding(
                    layer_classes.change_layer,
                    row,
                    shared_land,
                    ctx,
                    "same",
                    layer_classes.after_layer.role,
                    field,
                    code=codes[0][old],
                )


def _find_unrecorded(layer_classes: MaintenanceClasses, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on differences between the parcels before and after that no change records."""
    kinds = np.array(layer_classes.change_layer.text("maintenance_kind"), dtype=object)
    for side, other, stage, kind in (
        (layer_classes.before_layer, layer_classes.after_layer, AFTER_STAGE, MOVED_OUT_CODE),
        (layer_classes.after_layer, layer_classes.before_layer, BEFORE_STAGE, MOVED_IN_CODE),
    ):
        if side is None:
            continue
        shapes = [other.polygons.shapes] if other is not None else []
        recorded = layer_classes.change_layer.polygons.shapes[kinds == kind]
        pieces = ctx.geometry.find_uncovered_pieces(
            side, other or layer_classes.change_layer, Polygons(np.concatenate([*shapes, recorded]))
        )
        for row, shape in zip(pieces.left.tolist(), pieces.geometry, strict=True):
            # The layer has no kind for land that moved out, so a change cannot record it.
            is_lost = side is layer_classes.before_layer and kind not in layer_classes.layer_spec.change_kinds
            finding = _make_finding(
                side,
                row,
                shape,
                ctx,
                "lost" if is_lost else "untold",
                _get_class_prefix(stage, ctx) + layer_classes.layer_spec.role,
            )
            finding.severity = Severity.WARNING if is_lost else None
            yield finding
    field = layer_classes.layer_spec.compared_field
    if layer_classes.before_layer is None or layer_classes.after_layer is None or not field:
        return
    codes = [
        np.array(side.get_texts_by_name(field), dtype=object)
        for side in (layer_classes.before_layer, layer_classes.after_layer)
    ]
    pairs = ctx.geometry.find_shared_pieces(
        layer_classes.before_layer, layer_classes.after_layer, is_pair_selected=lambda i, j: codes[0][i] != codes[1][j]
    )
    recorded = Polygons(layer_classes.change_layer.polygons.shapes[kinds == RECODED_CODE])
    unrecorded_pieces = ctx.geometry.find_uncovered_pieces_of_shapes(
        layer_classes.before_layer, pairs.left, pairs.geometry, layer_classes.change_layer, recorded
    )
    for n, shape in zip(unrecorded_pieces.left.tolist(), unrecorded_pieces.geometry, strict=True):
        yield _make_finding(
            layer_classes.before_layer,
            int(pairs.left[n]),
            shape,
            ctx,
            "untold_code",
            layer_classes.after_layer.role,
            field,
        )


def _get_class_prefix(stage: str, ctx: RuleContext) -> str:
    """Return the prefix of layer codes of a maintenance class; ``stage``: before, change or after."""
    return require_value(ctx.norm.standard.maintenance, "the norm of maintenance").class_by_stage[stage].prefix


def _make_finding(
    layer: Layer, row: int, shape: Any, ctx: RuleContext, case: str, other: str, field: str = "", **params: Any
) -> Finding:
    """Return a finding on a part of a row, with its area.

    ``other``: code of the layer that contradicts it.
    """
    piece = make_row_pieces(np.array([row]), np.array([shape], dtype=object))
    (area,) = ctx.geometry.compute_piece_areas(piece, layer)
    return ctx.make_row_finding(
        layer,
        row,
        case=case,
        related_role=other,
        field=field,
        area_m2=float(area),
        geometry=shape,
        params=params,
        by_place=True,
    )


EXAMPLE_SQUARES = ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))", "POLYGON ((9 0, 18 0, 18 9, 9 9, 9 0))"]
EXAMPLE_FIELD_VALUES = {"WHLX": "2", "WHLY": "01", "JDZBLY": "1", "KZBSHSLX": "01", "WHBH": "20260309000001"}


def _make_example_changes(*rows: dict[str, str | None]) -> dict[str, list[dict[str, str | None]]]:
    """Return the example layer WHCGHFQ with a change for each row of field values."""
    return {
        "WHCGHFQ": [{"wkt": wkt, **EXAMPLE_FIELD_VALUES, **row} for wkt, row in zip(EXAMPLE_SQUARES, rows, strict=True)]
    }


@rule(
    "DOC020",
    "maintenance-causes",
    problem="Required fields of a change are empty or wrong",
    severity=Severity.WARNING,
    basis=["maintenance"],
    needs={},
    uses=["yearly.causes", "yearly.codes"],
    messages={
        "": "{layer} ({key}), change {number}: {field} ({alias}) is blank. Fill it in before submission.",
        "all": "{layer}: {field} ({alias}) is blank in all {count} changes. Fill it in before submission.",
        "code": "{layer} ({key}), change {number}: {field} ({alias}) is “{value}”, which is not in the county's list ({known}). "
        "Correct it, or the list under “codes of yearly maintenance” [yearly.codes] of the county's profile.",
    },
    fails=[
        RuleExample("one reason blank", _make_example_changes({}, {"WHLY": None}), finds=1),
        RuleExample("a reason of blanks only", _make_example_changes({}, {"WHLY": "  "}), finds=1),
        RuleExample(
            "nobody has filled in the source of quota",
            _make_example_changes({"JDZBLY": None}, {"JDZBLY": None}),
            finds=1,
        ),
        RuleExample(
            "a code that is none of the county's",
            _make_example_changes({}, {"WHLY": "09"}),
            finds=1,
            settings={"yearly.codes.WHLY": ["01", "02"]},
        ),
    ],
    passes=[
        RuleExample("all filled in", _make_example_changes({}, {})),
        RuleExample(
            "the county asks for the reason alone",
            _make_example_changes({"JDZBLY": None}, {"KZBSHSLX": None}),
            settings={"yearly.causes": ["WHLY"]},
        ),
        RuleExample("no maintenance", {"zones": EXAMPLE_SQUARES}),
    ],
)
def maintenance_causes(*, ctx: RuleContext) -> RuleResult:
    """Every change of yearly maintenance has its causes filled in.

    What it checks
        Classes of changes (WHC…) of a geodatabase of yearly maintenance: 维护理由 (WHLY), 机动指标来源 (JDZBLY) and 扩展倍数核算类型
        (KZBSHSLX) are filled in. If the county's profile lists codes, the values are in the list.
    Why
        The program leaves these fields blank, because only a person knows the causes. A package with blanks is sent
        back.
    How to fix
        Open the geodatabase, fill in the fields, save, and check again.
    Limits
        The official code lists were not found: any value is accepted until a profile lists codes under
        [yearly.codes]. The required fields are a setting (yearly.causes) until the county confirms them. A field that
        is blank in every change of a layer is reported once. The rule runs in the full check, not while editing.
    """
    return check_each_layer(ctx, lambda layer_classes: _find_wrong_causes(layer_classes.change_layer, ctx))


def _find_wrong_causes(layer: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on causes of changes that are empty or not in the list."""
    numbers = layer.get_texts_by_name("WHBH")
    fields = map(layer.template.find_field_by_name, ctx.norm.get("yearly.causes"))
    for template_field in (one for one in fields if one is not None):
        name = template_field.name
        values = [value.strip() for value in layer.get_texts_by_name(name)]
        if len(values) > 1 and not any(values):
            params = {"alias": template_field.alias, "count": len(values)}
            yield Finding(layer.role, field=name, case="all", params=params)
            continue
        known_codes = ctx.norm.get_settings_section("yearly").get(f"codes.{name}", [])
        for row, value in enumerate(values):
            params = {"alias": template_field.alias, "number": numbers[row] or "-"}
            if not value:
                yield ctx.make_row_finding(layer, row, field=name, params=params)
            elif known_codes and value not in known_codes:
                yield ctx.make_row_finding(
                    layer,
                    row,
                    field=name,
                    case="code",
                    params={**params, "value": value, "known": ", ".join(known_codes)},
                )
