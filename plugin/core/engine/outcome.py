# SPDX-License-Identifier: GPL-2.0-or-later
"""Call one rule with the layers that it needs, set its outcome, and complete the findings of all rules."""

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from operator import is_
from typing import Any

import numpy as np
import shapely

from ..base.errors import Cancellation, Cancelled, SanxianError
from ..base.placeholders import join_first
from ..geometry import crs as crs_care
from ..geometry.centres import compute_centres
from ..geometry.polygon_rings import find_inner_points
from ..geometry.statutory_area import compute_drawn_area, measure_statutory_area
from ..model.findings import Finding, set_fingerprints, set_geometries
from ..model.indicator import MISSING_TARGET_DOUBT, Indicator
from ..model.report import Outcome, RuleOutcome
from ..model.rule import EVERY_LAYER, LayerNeed, Rule, RuleResult, Severity
from ..plan.layer import Layer
from ..plan.plan import Plan
from ..standard.bounds import DISABLED_PREFIX
from ..standard.messages.finding_message import format_message
from ..standard.messages.texts import Texts, strip_folders
from ..standard.profile.profile_data import ABSENCE_ITEM
from .context import RuleContext
from .explanation import find_disabling_settings, find_effective_values, find_unconfirmed_settings
from .rule_memory import RuleMemory

#: Number of layers that a sentence on several layers names; the sentence gives the number of all.
_MAX_NAMED_LAYERS = 5
#: From this many reasons of one kind on, one sentence combines them.
_MIN_COMBINED_REASONS = 3
_COMBINED_SUFFIX = "_many"


def apply_rule(
    rule: Rule,
    context: RuleContext,
    values: dict[str, Any],
    outcome: RuleOutcome,
    texts: Texts,
    *,
    explain: bool = False,
    memory: RuleMemory | None = None,
) -> RuleResult | None:
    """Call a rule with its layers and return its result; None if an input is missing.

    ``outcome`` then gets kind and reason, in place. ``values``: those of the rule's parameters, among others.
    ``explain``: a needed field must have a value in some row, so that the reason can name a field of blanks.
    ``memory``: results of earlier checks; a call whose inputs are unchanged takes its result from there.
    """
    arguments = {parameter.name: values[parameter.name] for parameter in rule.parameters if parameter.name in values}
    missing_input = next((name for name in rule.side if name not in context.side_inputs), None)
    if missing_input is not None:
        outcome.outcome, outcome.reason = Outcome.NOT_APPLICABLE, texts.format_reason(f"{missing_input}_not_given", {})
        return None
    layers: list[Layer | None] = []
    needs_of_each_layer = [need for need in rule.needs.values() if need.concept == EVERY_LAYER]
    for need in (need for need in rule.needs.values() if need.concept != EVERY_LAYER):
        layer = context.plan.find_layer_of_concept(need.concept)
        obstacle = _find_missing_input(need, layer, context, texts, explain)
        if obstacle is not None:
            outcome.outcome, outcome.reason = obstacle
            norm = context.norm
            if layer is None and need.concept in norm.profile.absent and not norm.is_confirmed(ABSENCE_ITEM):
                outcome.unconfirmed = [ABSENCE_ITEM]
            return None
        layers.append(layer)
    call_rule = Rule.find_problems if memory is None else memory.call
    if not needs_of_each_layer:
        return call_rule(rule, layers, context, arguments) or RuleResult(is_applicable=False)
    return _apply_to_each_layer(
        lambda layer: call_rule(rule, [layer, *layers], context, arguments), rule, needs_of_each_layer[0], context
    )


def _apply_to_each_layer(
    call_rule: Callable[[Layer], RuleResult | None], rule: Rule, need: LayerNeed, context: RuleContext
) -> RuleResult:
    """Return the result of a rule on every layer of the plan.

    A layer without a needed field is reported as not checked. ``call_rule``: calls the rule for one layer.
    """
    total = RuleResult(is_applicable=False)
    focused_roles = context.recheck_focus.roles if context.recheck_focus is not None else None
    for layer in list(context.plan.layers.values()):
        context.cancellation.raise_if_cancelled()
        is_outside_focus = focused_roles is not None and layer.role not in focused_roles
        if is_outside_focus or (need.polygons_only and layer.template.geometry != "polygon"):
            continue
        # Rules on the schema also run on layers without features.
        has_no_rows = not len(layer) or (rule.family == "TOP" and layer.has_no_geometry)
        if not context.is_edit_check and rule.family != "SCH" and has_no_rows:
            # SCH001 reports an empty mandatory layer and leaves the run incomplete.
            continue
        declared_meanings = [meaning for meaning in need.fields if layer.template.find_field(meaning)]
        missing_meanings = [meaning for meaning in declared_meanings if not layer.has_field(meaning)]
        if missing_meanings:
            total.not_checked.append(
                (
                    "field_missing",
                    {
                        "layer": layer.name,
                        "role": layer.role,
                        "fields": ", ".join(layer.get_field_name(meaning) for meaning in missing_meanings),
                    },
                )
            )
            continue
        layer_result = call_rule(layer)
        if layer_result is not None:
            total.is_applicable |= layer_result.is_applicable
            for name in ("findings", "indicators", "not_checked", "unconfirmed", "doubts", "notes"):
                getattr(total, name).extend(getattr(layer_result, name))
    for unusable_layer in context.plan.unusable_layers.values():
        total.not_checked.append(("layer_unusable", {"layer": unusable_layer.name, "role": unusable_layer.role}))
    return total


def _find_missing_input(
    need: LayerNeed, layer: Layer | None, context: RuleContext, texts: Texts, explain: bool
) -> tuple[Outcome, str] | None:
    """Return outcome and reason if a rule cannot use a layer that it needs, else None.

    The rule cannot use the layer if it is missing, has no geometry, or lacks a needed field. ``explain``: as for
    `apply_rule`.
    """
    plan = context.plan
    if layer is None:
        return None if need.optional else _explain_missing_layer(plan, need.concept, texts)
    params = {"layer": layer.name, "role": layer.role}
    if not need.optional and layer.has_no_geometry:
        # A rule without features to check has not passed.
        is_skipped = plan.requires_concept(need.concept) or len(layer)
        return Outcome.SKIPPED if is_skipped else Outcome.NOT_APPLICABLE, texts.format_reason("layer_bare", params)
    missing_meanings = [
        meaning for meaning in need.fields if not (layer.has_values(meaning) if explain else layer.has_field(meaning))
    ]
    if missing_meanings:
        field_names = ", ".join(
            layer.get_field_name(meaning) or texts.find("meanings", meaning) or meaning for meaning in missing_meanings
        )
        return Outcome.SKIPPED, texts.format_reason("field_missing", {**params, "fields": field_names})
    return None


def _explain_missing_layer(plan: Plan, concept: str, texts: Texts) -> tuple[Outcome, str]:
    """Return outcome and reason of a rule whose layer is missing or unusable."""
    unusable_layer = plan.find_unusable_layer(concept)
    if unusable_layer:
        return Outcome.SKIPPED, texts.format_reason(
            "layer_unusable", {"layer": unusable_layer.name, "role": unusable_layer.role}
        )
    # The rules that a profile declares need a layer by its code.
    templates = plan.norm.standard.templates
    name = texts.make_layer_label(concept, templates) if concept in templates else texts.get_concept_name(concept)
    params = {"concept": name, "roles": " / ".join(plan.list_roles_of_concept(concept))}
    if concept in plan.norm.profile.absent:
        return Outcome.NOT_APPLICABLE, texts.format_reason("declared_absent", params)
    if plan.requires_concept(concept):
        return Outcome.SKIPPED, texts.format_reason("layer_missing", params)
    return Outcome.NOT_APPLICABLE, texts.format_reason("layer_optional", params)


def run_rule_alone(rule: Rule, context: RuleContext, texts: Texts) -> tuple[RuleResult | None, str]:
    """Return the result of a rule outside a run, for its figures, and an empty reason.

    The parameters come from standard and profile. If there is nothing to check, or the data are invalid, the result is
    None and the reason is a sentence.
    """
    outcome = RuleOutcome(rule.code, rule.name, str(rule.severity), Outcome.PASSED)
    values = context.norm.get_settings_section(f"rules.{rule.code}")
    try:
        result = apply_rule(rule, context, values, outcome, texts, explain=True)
    except SanxianError as error:
        return None, strip_folders(texts.explain_error(error))
    return result, outcome.reason


def render_reasons(reasons: Iterable[tuple[str, dict[str, Any]]], texts: Texts) -> list[str]:
    """Return sentences for reasons (text key, parameters), each sentence once.

    Three or more reasons with one key are combined if the texts have a case ``…_many``.
    """
    by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key, params in reasons:
        by_key[key].append(params)
    sentences: list[str] = []
    for key, same_key_params in by_key.items():
        if len(same_key_params) >= _MIN_COMBINED_REASONS and key + _COMBINED_SUFFIX in texts.get_section("reasons"):
            layer_names = list(dict.fromkeys(str(params["layer"]) for params in same_key_params))
            listed_layers = join_first(layer_names, texts.get("words", "between_names"), limit=_MAX_NAMED_LAYERS)
            sentences.append(
                texts.format_reason(
                    key + _COMBINED_SUFFIX,
                    {
                        "layers": listed_layers,
                        "number": len(layer_names),
                        "count": sum(int(params.get("count", 1)) for params in same_key_params),
                    },
                )
            )
        else:
            sentences += [texts.format_reason(key, params) for params in same_key_params]
    return list(dict.fromkeys(sentences))


def run_rule(
    rule: Rule,
    context: RuleContext,
    parameters: dict[str, dict[str, Any]],
    texts: Texts,
    memory: RuleMemory | None = None,
) -> tuple[RuleOutcome, list[Finding], list[Indicator]]:
    """Run a rule over a plan; return its outcome, findings and indicators.

    Raise Cancelled. Any other error becomes an outcome: skipped for invalid data, else crashed with a finding RUN900.
    """
    severity = context.norm.get_severity(rule)
    outcome = RuleOutcome(rule.code, rule.name, str(severity), Outcome.PASSED, title=texts.get_rule_title(rule))
    outcome.problem = texts.get_rule_problem(rule)
    values = {**context.norm.get_settings_section(f"rules.{rule.code}"), **parameters.get(rule.code, {})}
    if not context.is_edit_check:
        # A check around an edit shows no parameters.
        norm_tolerance, tolerance = asdict(context.norm.make_tolerance()), asdict(context.tolerance)
        set_by_run = {f"tolerance.{name}": value for name, value in tolerance.items() if value != norm_tolerance[name]}
        run_values = {**parameters.get(rule.code, {}), **set_by_run}
        outcome.parameters = [asdict(value) for value in find_effective_values(rule, context.norm, run_values)]
    try:
        result = apply_rule(rule, context, values, outcome, texts, memory=memory)
    except Cancelled:
        raise
    except SanxianError as error:
        # The error is in the data, not in the rule, and its message names the place.
        outcome.outcome, outcome.reason = Outcome.SKIPPED, strip_folders(texts.explain_error(error))
        return outcome, [], []
    except Exception as error:
        # The trace names files without their folders, because reports are passed on.
        trace = [
            f"{frame.filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        outcome.outcome, outcome.reason = Outcome.CRASHED, strip_folders(f"{type(error).__name__}: {error}")
        crash = Finding(
            role="",
            code="RUN900",
            severity=Severity.WARNING,
            case="crashed",
            params={"rule": rule.code, "error": outcome.reason, "trace": trace},
        )
        return outcome, [crash], []
    if result is None:
        return outcome, [], []
    failed_pairs = [
        context.make_row_finding(
            a,
            i,
            code="RUN901",
            severity=Severity.WARNING,
            case="pair",
            params={"rule": rule.code},
            geometry=a.plane_shapes[i],
            **{"related_role": b.role, "related_keys": [b.keys[j]]} if b is not None and j >= 0 else {},
        )
        for a, i, b, j in context.run_log.failed_pairs
    ]
    for finding in result.findings:
        finding.code = rule.code
        finding.severity = finding.severity or severity
        finding.needs_approval = finding.severity is Severity.INFO and finding.case in rule.approval_cases
    if rule.severity is not Severity.INFO and severity is Severity.INFO and result.findings:
        # A county may lower an error or a warning to a hint; its findings then still prevent an unconditional 通过.
        result.doubts.append("severity.lowered")
    _set_outcome(outcome, rule, result, context, len(failed_pairs), texts)
    return outcome, result.findings + failed_pairs, result.indicators


def _set_outcome(
    outcome: RuleOutcome, rule: Rule, result: RuleResult, context: RuleContext, failed_pairs: int, texts: Texts
) -> None:
    """Set the outcome (failed, skipped, not applicable or passed), its reason, and what is unconfirmed.

    ``failed_pairs``: number of pairs of rows that could not be computed.
    """
    for need in rule.needs.values():
        # Rules read one layer of a concept. The contents of the second layer enter no figure.
        result.doubts += [f"roles.{role}" for role in context.plan.list_unread_roles(need.concept)]
    if context.norm.is_severity_from_phase(rule):
        result.unconfirmed.append("phase")
    norm = context.norm
    outcome.unconfirmed = sorted(
        {
            *(item for item in result.unconfirmed if not norm.is_confirmed(item)),
            *find_unconfirmed_settings(rule, norm),
            *result.doubts,
            *find_disabling_settings(rule, norm),
        }
    )
    if result.findings:
        outcome.outcome = Outcome.FAILED
    reasons = render_reasons(result.not_checked, texts)
    if context.run_log.has_failed_outline:
        reasons.append(texts.format_reason("outline_failed", {}))
    if failed_pairs:
        reasons.append(texts.format_reason("pairs_failed", {"count": failed_pairs}))
    if context.run_log.reporting_rules:
        result.notes.append(
            ("left_to", {"codes": texts.get("words", "between_names").join(context.run_log.reporting_rules)})
        )
    notes = texts.join_sentences(texts.format_reason(key, params) for key, params in result.notes)
    if reasons:
        outcome.incomplete = True
        outcome.reason = texts.join_sentences([*reasons, notes])
        if not result.findings:
            outcome.outcome = Outcome.SKIPPED
    elif not result.is_applicable:
        outcome.outcome = Outcome.NOT_APPLICABLE
        # The rule lacks input; no setting could replace it.
        disabling_settings = [name for name in outcome.unconfirmed if name.startswith(DISABLED_PREFIX)]
        outcome.unconfirmed = [
            *sorted({doubt for doubt in result.doubts if doubt == MISSING_TARGET_DOUBT}),
            *disabling_settings,
        ]
        if result.switched_off and not context.norm.is_confirmed(result.switched_off):
            outcome.unconfirmed.append(result.switched_off)
        outcome.reason = notes or texts.format_reason("nothing_of_this_kind", {})
    else:
        outcome.reason = notes


#: Number of findings between two checks for cancellation.
_FINDINGS_PER_BATCH = 1000
#: Two areas within this difference (m², and as a share) are equal.
_SAME_M2, _SAME_SHARE = 0.01, 1e-6


def find_township_names_of_points(plan: Plan, points: Any) -> list[str]:
    """Return, for each of (k,) points in the plan's plane (m), the name of the township that contains it.

    The name is empty outside all townships, and everywhere if the plan has no layer of townships with names.
    """
    layer = plan.find_layer_of_concept("townships")
    if layer is None or not layer.has_field("division_name") or not len(points):
        return [""] * len(points)
    township_names = layer.text("division_name")
    rows_with_shape = np.flatnonzero(layer.has_shape)
    shapes, points = layer.plane_shapes[rows_with_shape], np.asarray(points, dtype=object)
    names_found = [""] * len(points)
    # The few large shapes are prepared and search the many points.
    shape_rows, point_rows = shapely.STRtree(points).query(shapes, predicate="intersects")
    is_ambiguous = np.bincount(point_rows, minlength=len(points)) > 1
    for i, j in zip(point_rows.tolist(), shape_rows.tolist(), strict=True):
        names_found[i] = township_names[rows_with_shape[j]]
    # A point on the border of townships has the name of the first that the search by points finds.
    border_points = np.flatnonzero(is_ambiguous)
    for i in border_points.tolist():
        names_found[i] = ""
    for i, j in zip(*shapely.STRtree(shapes).query(points[border_points], predicate="intersects"), strict=True):
        row = int(border_points[i])
        names_found[row] = names_found[row] or township_names[rows_with_shape[j]]
    return names_found


def complete_findings(plan: Plan, findings: list[Finding], texts: Texts, cancellation: Cancellation) -> None:
    """Set township, location, message and fingerprint of findings, in place.

    Their geometries are converted from the plane to the CRS of findings, without the vertices that densification
    added. Raise Cancelled.
    """
    all_shapes = np.array([finding.geometry for finding in findings], dtype=object)
    set_geometries(findings, all_shapes)
    has_place = ~(shapely.is_missing(all_shapes) | shapely.is_empty(all_shapes))
    located = [findings[n] for n in np.flatnonzero(has_place).tolist()]
    # Several rules may report one feature: each shape is located and converted once.
    placed_shapes = all_shapes[has_place]
    ids = np.fromiter(map(id, placed_shapes), dtype=np.uint64, count=len(placed_shapes))
    _, firsts, positions = np.unique(ids, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    first_rows, shape_of_finding = firsts[order], np.argsort(order)[positions]
    shapes = all_shapes[has_place][first_rows]
    townships = find_township_names_of_points(plan, find_inner_points(shapes))
    stored_shapes = plan.reproject_for_findings(plan.remove_added_vertices(shapes))
    is_kept = np.fromiter(map(is_, shapes, stored_shapes), dtype=bool, count=len(shapes))
    # Not a representative point, which would differ in a plane with another orientation.
    places = [(x, y) for x, y in compute_centres(shapes, plan.plane_crs).tolist()]
    for finding, n in zip(located, shape_of_finding.tolist(), strict=True):
        finding.township, finding.place = townships[n], places[n]
    # Areas by stored vertices: only findings whose area equals the drawn area of their shape get one, if it differs.
    to_lonlat = crs_care.make_lonlat_transformer(plan.plane_crs)
    areas = np.array([np.nan if finding.area_m2 is None else finding.area_m2 for finding in located])
    # Only shapes whose areas are compared are measured.
    drawn_areas = np.full(len(shapes), np.nan)
    rows = np.unique(shape_of_finding[np.isfinite(areas)])
    drawn_areas[rows] = compute_drawn_area(shapes[rows], to_lonlat)
    drawn_areas = drawn_areas[shape_of_finding]
    is_drawn = np.abs(areas - drawn_areas) <= _SAME_M2 + _SAME_SHARE * drawn_areas
    vertex_areas = np.full(len(shapes), np.nan)
    rows = np.unique(shape_of_finding[is_drawn])
    vertex_areas[rows] = measure_statutory_area(plan.remove_added_vertices(shapes[rows]), to_lonlat)
    vertex_areas = vertex_areas[shape_of_finding]
    for n in np.flatnonzero(is_drawn & (np.abs(drawn_areas - vertex_areas) > _SAME_M2)).tolist():
        located[n].by_nodes_m2 = float(vertex_areas[n])
    cancellation.raise_if_cancelled()
    set_fingerprints(findings)
    templates = plan.templates
    for number, finding in enumerate(findings):
        if number % _FINDINGS_PER_BATCH == 0:
            cancellation.raise_if_cancelled()
        finding.message = format_message(texts, finding, templates)
    changed = np.flatnonzero(~is_kept[shape_of_finding])
    set_geometries([located[n] for n in changed.tolist()], stored_shapes[shape_of_finding[changed]])
