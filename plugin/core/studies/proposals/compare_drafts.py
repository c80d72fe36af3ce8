# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare drafts of a control line with the plan as it is and with each other (方案对比).

A draft is a layer, or an edition of the whole county: its lines, zones, cultivated land to be kept and townships take
the place of the county's, the survey stays. Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...base.connection_text import name_source
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback, require_value
from ...base.files.writing import is_same_file
from ...checks.side_tables import read_side_tables
from ...engine.context import RuleContext
from ...engine.evaluate import choose_rules, evaluate_rules
from ...geometry.crs import make_crs_label
from ...model.report import RuleOutcome
from ...model.rule import Rule
from ...plan.io import read_source
from ...plan.layer import Layer, SourceLayer
from ...plan.loading.assembly import assemble_plan
from ...plan.loading.reading import read_plan
from ...plan.loading.recognition import find_role
from ...plan.plan import Plan
from ...standard.messages.texts import Message, Texts
from ...standard.options import RunOptions
from ..adjustment.adjustment_result import LINES
from ..adjustment.compare_lines import read_earlier_edition
from .draft_differences import Differences, find_differences
from .draft_figures import SECTION, Figure, measure_figures
from .supplement_model import GRADES
from .supplement_tables import LAYER_NAME as SUPPLEMENT_LAYER

#: Fewest and most drafts that are compared.
LEAST_DRAFTS, MOST_DRAFTS = 2, 5
#: Share of the progress for reading the county.
_READ_SHARE = 0.2


@dataclass(frozen=True)
class DraftsOrder:
    """What is compared: paths of the drafts, and the concept of the line; empty: found by the layers of the drafts."""

    drafts: tuple[str, ...]
    line: str = ""


@dataclass
class Edition:
    """The plan as it is (number 0), or with a draft in place.

    ``layers``: the layers that are of the draft; ``outcomes``: of the rules on the line; ``figures``: by id, see
    `draft_figures.FIGURES`.
    """

    number: int
    name: str
    plan: Plan
    layer: Layer
    layers: Sequence[Layer] = ()
    notes: Sequence[Message] = ()
    outcomes: Sequence[RuleOutcome] = ()
    figures: dict[str, Figure] = field(default_factory=dict)


@dataclass
class DraftsResult:
    """The compared editions, the plan as it is first, and the land on which they differ."""

    line: str
    plan: Plan
    editions: list[Edition]
    land: Differences

    def list_equals(self, draft: Edition) -> list[Edition]:
        """Return the earlier editions with the same land as a draft, but for slivers."""
        columns = self.land.inside.T
        return [one for one in self.editions[: draft.number] if (columns[one.number] == columns[draft.number]).all()]

    @property
    def is_complete(self) -> bool:
        """Return True if every figure of every edition is known."""
        return not any(one.reason for edition in self.editions for one in edition.figures.values())


def compare_drafts(
    sources: str | Path | Iterable[SourceLayer],
    order: DraftsOrder,
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> DraftsResult:
    """Return the comparison of two to five drafts.

    ``sources``: the county as it is, a file, a folder or layers already read; ``source`` names the origin of layers.

    Raises
    ------
    InputError, DataError
        Fewer or more drafts, a line that is unknown or missing, a draft without usable polygons, an unreadable file.
    Cancelled
    """
    if not LEAST_DRAFTS <= len(order.drafts) <= MOST_DRAFTS:
        raise InputError("drafts_count", count=len(order.drafts), least=LEAST_DRAFTS, most=MOST_DRAFTS)
    if order.line and order.line not in LINES:
        raise InputError("adjustment_line", value=order.line, known=", ".join(LINES))
    norm = options.resolve_norm()
    tables = read_side_tables(options, norm, sources if isinstance(sources, str | Path) else None)
    progress(0.0, "")
    plan = read_plan(sources, norm, options, source=source, cancellation=cancellation)
    side_inputs = tables.make_side_inputs(plan, norm, cancellation)
    for path in order.drafts:
        if any(is_same_file(path, one) for one in (plan.source, *plan.input_files)):
            raise InputError("draft_is_source", source=path)
    line = order.line or _find_line(order.drafts, plan, cancellation)
    present = plan.find_layer_of_concept(line)
    if present is None or present.has_no_geometry:
        roles = ", ".join(plan.list_roles_of_concept(line))
        raise InputError("adjustment_no_line", source=plan.source, roles=roles)
    progress(_READ_SHARE, "")
    tolerance = options.tolerance or norm.make_tolerance()

    def make_context(of: Plan) -> RuleContext:
        return RuleContext(
            of, plan.norm, tolerance, cancellation=cancellation, lang=options.lang, side_inputs=side_inputs
        )

    # An unreadable draft is reported before the rules run.
    editions = [Edition(0, Texts(options.lang).get(SECTION, "present"), plan, present)]
    for number, path in enumerate(order.drafts, 1):
        editions.append(_read_draft(number, path, line, editions[0], cancellation))
    land = find_differences(line, [one.layer for one in editions], make_context(plan))
    rules = _list_rules_on_line(line, plan)
    for edition in editions:
        progress(_READ_SHARE + (1 - _READ_SHARE) * edition.number / len(editions), "")
        evaluation = evaluate_rules(
            rules,
            edition.plan,
            side_inputs=side_inputs,
            tolerance=tolerance,
            lang=options.lang,
            cancellation=cancellation,
        )
        ctx = make_context(edition.plan)
        edition.outcomes = evaluation.outcomes
        edition.figures = measure_figures(edition.layer, line, (edition.number, land), evaluation, ctx)
    return DraftsResult(line, plan, editions, land)


def _list_rules_on_line(line: str, plan: Plan) -> list[Rule]:
    """Return the default rules that need the layer of a line."""
    norm, roles = plan.norm, set(plan.list_roles_of_concept(line))
    return [
        rule
        for rule in choose_rules(norm.list_default_rules_of_scope(plan.scope), declared_rules=norm.declared_rules)
        if any(roles.intersection(plan.list_roles_of_concept(need.concept)) for need in rule.needs.values())
    ]


def _find_line(drafts: Sequence[str], plan: Plan, cancellation: Cancellation) -> str:
    """Return the first line that all drafts have by name or fields. A draft of an unknown layer alone is any line.

    Raise InputError without such a line.
    """
    lines = []
    for path in drafts:
        layers = read_source(path, select_layer=lambda layer: False, cancellation=cancellation)
        roles = {find_role(layer, plan.norm)[0] for layer in layers} - {""}
        if any(layer.name == SUPPLEMENT_LAYER for layer in layers):
            roles.update(plan.list_roles_of_concept("farmland"))
        if roles:
            lines.append([one for one in LINES if roles.intersection(plan.list_roles_of_concept(one))])
    common = [one for one in LINES if lines and all(one in found for found in lines)]
    if not common:
        raise InputError("drafts_no_line", drafts=", ".join(map(name_source, drafts)), known=", ".join(LINES))
    return common[0]


def _read_draft(number: int, path: str, line: str, present: Edition, cancellation: Cancellation) -> Edition:
    """Return the plan with a draft in place. Raise InputError for a draft without usable polygons of the line."""
    plan = present.plan
    supplement = _read_supplement(path, present, cancellation) if line == "farmland" else None
    draft = supplement or read_earlier_edition(path, line, plan, cancellation)
    layer, unusable = draft.find_layer_of_concept(line), draft.find_unusable_layer(line)
    if layer is None and unusable is not None:
        raise InputError("layer_damaged", unusable=unusable.problem_message)
    layer = require_value(layer, "the line of a draft")
    if layer.has_no_geometry:
        key = "draft_geometry" if layer.has_wrong_geometry_type else "draft_empty"
        raise InputError(key, source=name_source(path), layer=layer.name)
    notes = [Message(SECTION, "supplement_added", {})] if supplement is not None else []
    if layer.crs != present.layer.crs:
        labels = {"crs": make_crs_label(layer.crs), "other": make_crs_label(present.layer.crs)}
        notes.append(Message(SECTION, "reprojected", labels))
    concepts = [one for one in (*LINES, "zones", "townships") if draft.find_layer_of_concept(one) is not None]
    replaced = {role for one in concepts for role in plan.list_roles_of_concept(one)}
    with_draft = replace(
        plan,
        layers={role: one for role, one in plan.layers.items() if role not in replaced} | draft.layers,
        unusable_layers={role: one for role, one in plan.unusable_layers.items() if role not in replaced}
        | draft.unusable_layers,
        unread_data=[*plan.unread_data, *draft.unread_data],
        _computed={},
    )
    return Edition(number, name_source(path), with_draft, layer, list(draft.layers.values()), notes)


def _read_supplement(path: str, present: Edition, cancellation: Cancellation) -> Plan | None:
    """Return a plan with the farmland and the parcels of a proposed supplement; None for another draft or no CRS."""
    import geopandas as gpd
    import pandas as pd

    farmland, former = present.layer, present.layer.frame
    layers = read_source(path, select_layer=lambda layer: layer.name == SUPPLEMENT_LAYER, cancellation=cancellation)
    added = next((one.frame for one in layers if one.name == SUPPLEMENT_LAYER), None)
    if added is None or added.empty or added.crs is None:
        return None
    meanings = {"key": "key", "land_use": "land_use", "net_m2": "net_area", "area_m2": "gross_area"}
    meanings |= {one: one for one in GRADES}
    columns = {farmland.get_field_name(one): added.get(name) for name, one in meanings.items()}
    columns = {field: values for field, values in columns.items() if field in former.columns}
    shape = former.geometry.name
    named = gpd.GeoDataFrame({**columns, shape: added.geometry.to_crs(former.crs)}, geometry=shape)
    frame = pd.concat([former, named], ignore_index=True)
    source = replace(farmland.source, frame=frame, curve_texts={}, broken_fids=(), declared_row_count=None)
    return assemble_plan(
        [source],
        present.plan.norm,
        roles={farmland.role: source.name},
        scope="three_lines",
        source=path,
        reference_plan=present.plan,
        cancellation=cancellation,
    )
