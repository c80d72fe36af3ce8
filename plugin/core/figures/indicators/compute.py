# SPDX-License-Identifier: GPL-2.0-or-later
"""Compute every indicator of a plan, or the reason why it cannot be computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import require_value
from ...engine.context import RuleContext
from ...geometry import crs as crs_care
from ...geometry.statutory_area import CGCS2000_GEOD
from ...model.indicator import SQUARE_METRES, STATISTICS_BASIS, Indicator, convert_area
from ...model.rule import RuleResult, load_all_rules
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.indicator_catalogue import CatalogueIndicator, IndicatorCatalogue, load_catalogue
from ...standard.messages.texts import Texts
from ..statistics_file import Statistics
from .area_backing import is_sum_confirmed_by_geometry
from .areas import WARNING_SHARE_SETTING, compute_stated_figure, list_targets_of_indicator, set_target
from .land_use import AREA_FIELD_MEANINGS, find_rows_of_classes, get_row_areas
from .repeated_land import RepeatedLand

#: The setting that confirms the definitions marked C.
DEFINITIONS_SETTING = "indicators.definitions"
#: Kinds of coast, codes or words, that are natural.
NATURAL_COAST_SETTING = "sea.natural_coast"
_TOWNSHIP_PREFIX = "township_"


@dataclass
class ComputedIndicator:
    """A computed indicator: ``figures``, or the ``missing_reason`` without any.

    It has one figure for each target, or one without target. ``definition``: its definition; ``has_failed``: an error
    prevented the figures, not an input that the plan lacks; ``is_known``: False if a layer that it is
    computed from has unknown data (`mark_figures_of_unknown_land`).
    """

    definition: CatalogueIndicator
    figures: list[Indicator] = field(default_factory=list)
    missing_reason: str = ""
    has_failed: bool = False
    is_known: bool = True

    def get_formula(self, lang: str) -> str:
        """Return the formula in a language; empty for figures from statistics, which are not computed."""
        return "" if any(one.basis == STATISTICS_BASIS for one in self.figures) else self.definition.get_formula(lang)


class MissingInputError(Exception):
    """Raised when an input of an indicator is missing; the message names it."""


def get_plan_indicators(ctx: RuleContext, lang: str) -> PlanIndicators:
    """Return the indicators of a check's plan in one language.

    They are computed once per check.
    """
    # A context belongs to one rule, the plan to the whole run.
    indicators_by_lang: dict[str, PlanIndicators] = ctx.plan.get_cache("figures")
    figures = indicators_by_lang.get(lang)
    if (
        figures is None
        or figures.ctx.norm is not ctx.norm
        or figures.ctx.side_inputs is not ctx.side_inputs
        or figures.ctx.tolerance != ctx.tolerance
    ):
        figures = indicators_by_lang[lang] = PlanIndicators(ctx, Texts(lang))
    # What the figures leave out belongs to the rule that asks for them now.
    figures.ctx.use_log(ctx.run_log)
    return figures


@dataclass
class PlanIndicators:
    """All indicators of a plan; each is computed once, on first use.

    ``figures_of_check``: figures that the rules of a check have reported on the same plan, which do not run again.
    ``statistics``: figures that no layer gives, for tables only; rules compare figures of layers.
    """

    ctx: RuleContext
    texts: Texts
    figures_of_check: Sequence[Indicator] = ()
    statistics: Statistics | None = None
    _computed_by_id: dict[str, ComputedIndicator] = field(default_factory=dict)
    _results_by_rule: dict[str, tuple[RuleResult | None, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.catalogue: IndicatorCatalogue = load_catalogue(self.ctx.norm.standard)
        self._repeated_land = RepeatedLand(self.ctx.plan, self.ctx.tolerance, self.ctx.cancellation)

    def compute_all_indicators(self) -> list[ComputedIndicator]:
        """Return every indicator that the standard defines."""
        return [self.compute_indicator(name) for name in self.catalogue.indicator_by_id]

    def compute_indicator(self, name: str) -> ComputedIndicator:
        """Return one indicator by its id; KeyError for an unknown id."""
        if name not in self._computed_by_id:
            self.ctx.cancellation.raise_if_cancelled()
            entry = self.catalogue.indicator_by_id[name]
            try:
                figures = self._compute_figures(entry)
                measured = [one for one in figures if one.basis != STATISTICS_BASIS]
                for figure in measured:
                    self._repeated_land.mark(figure)
                is_unknown = mark_figures_of_unknown_land(measured, self.ctx.plan)
                parts = [self.compute_indicator(one) for one in (entry.part, entry.whole) if one]
                is_known = not is_unknown and all(one.is_known for one in parts)
                self._computed_by_id[name] = ComputedIndicator(entry, figures, is_known=is_known)
            except MissingInputError as missing:
                self._computed_by_id[name] = ComputedIndicator(entry, missing_reason=str(missing))
        return self._computed_by_id[name]

    def get_first_figure(self, name: str) -> Indicator | None:
        """Return the first figure of an indicator; None if it cannot be computed."""
        return next(iter(self.compute_indicator(name).figures), None)

    def _compute_figures(self, entry: CatalogueIndicator) -> list[Indicator]:
        """Return the figures of an indicator, one for each target; raise MissingInputError if an input is missing."""
        if entry.method == "rule":
            # Rules compare their figures with targets themselves.
            return [
                _copy_in_unit(one, entry.unit)
                if one.target is None and one.unit != entry.unit and {one.unit, entry.unit} <= SQUARE_METRES.keys()
                else one
                for one in self._compute_figures_by_rule(entry)
            ]
        # The methods below have the names of the methods in indicators.toml.
        try:
            figure = getattr(self, f"_compute_{entry.method}")(entry)
        except MissingInputError as missing:
            figure = self._read_statistics(entry, missing)
        figure.confirmed &= entry.mark != "C" or self.ctx.norm.is_confirmed(DEFINITIONS_SETTING)
        share = float(self.ctx.norm.get(WARNING_SHARE_SETTING))
        figures = []
        for target in list_targets_of_indicator(entry, self.ctx.norm, self.ctx.plan.area_code):
            # A figure whose unit cannot be converted to the target's is not compared.
            if target.unit == figure.unit or {target.unit, figure.unit} <= SQUARE_METRES.keys():
                figures.append(_copy_in_unit(figure, target.unit))
                set_target(figures[-1], target, share)
            else:
                figures.append(figure)
        return figures or [figure]

    def _compute_none(self, entry: CatalogueIndicator) -> Indicator:
        """Raise MissingInputError: no layer gives the figure."""
        raise MissingInputError(self.texts.get("figures", "missing", what=self.texts.get("missing", entry.missing)))

    def _read_statistics(self, entry: CatalogueIndicator, missing: MissingInputError) -> Indicator:
        """Return the figure that the county's statistics give instead of the layers; raise MissingInputError."""
        row = self.statistics.find_row(entry) if self.statistics is not None and entry.missing else None
        if self.statistics is None or row is None:
            raise missing
        if row.problem is None:
            return self.statistics.make_indicator(entry, row)
        raise MissingInputError(self.texts.join_sentences([str(missing), self.texts.format_notice(*row.problem)]))

    def _compute_figures_by_rule(self, entry: CatalogueIndicator) -> list[Indicator]:
        """Return the figures that a rule reports, so that rule and indicator agree."""
        figures = (one for one in self.figures_of_check if not one.place and one.value is not None)
        reported = [one for one in figures if one.id == entry.id]
        if reported:
            return reported
        result, reason = self.run_rule_once(entry.rule)
        if result is None:
            raise MissingInputError(reason)
        rule_figures = [i for i in result.indicators if i.id == entry.id and i.value is not None]
        if not rule_figures:
            labels = {layer.name: self.make_layer_label(layer) for layer in self.ctx.plan.layers.values()}
            reasons = [
                self.texts.format_reason(
                    key, {**params, "layer": labels.get(name, name)} if (name := params.get("layer")) else params
                )
                for key, params in (*result.not_checked, *result.notes)
            ]
            raise MissingInputError(self.texts.join_sentences(reasons) or self.format_missing_layers(entry.inputs))
        return rule_figures

    def run_rule_once(self, code: str) -> tuple[RuleResult | None, str]:
        """Return the result of a rule, which runs only once.

        None with a reason where the rule gives no result.
        """
        from ...engine.outcome import run_rule_alone

        if code not in self._results_by_rule:
            self._results_by_rule[code] = run_rule_alone(load_all_rules()[code], self.ctx, self.texts)
        return self._results_by_rule[code]

    def _compute_stated(self, entry: CatalogueIndicator) -> Indicator:
        """Return a figure of `STATED_FIGURES` as an indicator."""
        figure = compute_stated_figure(entry.id, self.ctx)
        if figure.layer is None:
            raise MissingInputError(self.format_missing_layers(entry.inputs))
        return figure.make_indicator(entry.id, entry.unit)

    def _compute_layer_area(self, entry: CatalogueIndicator) -> Indicator:
        """Return the statutory area of a whole layer."""
        layer = self._require_layer(entry.inputs[0])
        return self._make_area(entry, float(layer.statutory.sum()), {"layer": layer.role, "features": len(layer)})

    def _compute_land_use(self, entry: CatalogueIndicator) -> Indicator:
        """Return the area of the parcels of some land-use classes.

        The net area is used, else the survey area, else the statutory area.
        """
        layer, rows, classes = self._select_parcels(entry)
        basis, values = get_row_areas(layer).best_basis_and_areas
        total = float(np.nansum(values[rows]))
        inputs = {"layer": layer.role, "features": int(rows.sum()), **classes}
        meaning = AREA_FIELD_MEANINGS.get(basis)
        field_name = layer.get_field_name(meaning) if meaning else ""
        if field_name:
            statutory_area = float(layer.statutory[rows].sum())
            inputs |= {"field": field_name, "statutory_m2": statutory_area, "difference_m2": total - statutory_area}
        figure = self._make_area(entry, total, inputs, basis)
        figure.backed = (
            meaning is None or not field_name or is_sum_confirmed_by_geometry(layer, meaning, self.ctx, rows)
        )
        figure.confirmed = figure.backed and not np.isnan(values[rows]).any()
        return figure

    def _compute_land_use_within(self, entry: CatalogueIndicator) -> Indicator:
        """Return the statutory area of the parcels of some land-use classes inside another layer."""
        layer, rows, classes = self._select_parcels(entry)
        other = self._require_layer(entry.within)
        shared = self.ctx.geometry.find_shared_areas(layer, other, left_rows=rows)
        inside = np.bincount(shared.left, weights=shared.share, minlength=len(layer))
        # Overlapping rows of the other layer count each parcel once.
        return self._make_area(
            entry,
            float((np.minimum(inside, 1.0) * layer.statutory).sum()),
            {
                "layer": layer.role,
                "within": other.role,
                "features": int((inside > 0).sum()),
                **classes,
            },
        )

    def _compute_share(self, entry: CatalogueIndicator) -> Indicator:
        """Return one area of the plan as a percentage of another."""
        part_and_whole = [self.get_first_figure(entry.part), self.get_first_figure(entry.whole)]
        for name, figure in zip((entry.part, entry.whole), part_and_whole, strict=True):
            if figure is None:
                raise MissingInputError(self.compute_indicator(name).missing_reason)
        part_area, whole_area = (
            float(f.value) * SQUARE_METRES[f.unit] for f in part_and_whole if f is not None and f.value is not None
        )
        if whole_area <= 0:
            raise MissingInputError(self.format_missing_layers(self.catalogue.indicator_by_id[entry.whole].inputs))
        share_figure = Indicator(
            entry.id,
            100 * part_area / whole_area,
            entry.unit,
            entry.basis,
            inputs={"part_m2": part_area, "whole_m2": whole_area},
        )
        share_figure.confirmed = all(f.confirmed for f in part_and_whole if f is not None)
        share_figure.backed = all(f.backed for f in part_and_whole if f is not None)
        return share_figure

    def _compute_density(self, entry: CatalogueIndicator) -> Indicator:
        """Return the length of lines per area, km/km²; both lie inside the second input layer."""
        lines, extent = self._require_layer(entry.inputs[0]), self._require_layer(entry.inputs[1])
        area = float(extent.statutory.sum())
        extent_shape = shapely.union_all(extent.plane_shapes[extent.has_shape])
        length = _measure_length(shapely.intersection(lines.plane_shapes, extent_shape), self.ctx.plan.plane_crs)
        return Indicator(
            entry.id,
            (length / 1e3) / (area / 1e6),
            entry.unit,
            entry.basis,
            inputs={"layer": lines.role, "length_m": length, "within": extent.role, "whole_m2": area},
        )

    def _compute_length_share(self, entry: CatalogueIndicator) -> Indicator:
        """Return the length of natural coast as a percentage of the coast; stretches drawn twice count once.

        The setting ``sea.natural_coast`` gives the kinds. A row without a kind, and kinds that are codes of which the
        setting has none, leave the figure unknown.
        """
        layer = self._require_layer(entry.inputs[0])
        kinds = layer.text("feature_kind") if layer.has_field("feature_kind") else [""] * len(layer)
        natural_kinds = list(self.ctx.norm.get(NATURAL_COAST_SETTING))
        is_natural = np.array(
            [any(one in kind and f"非{one}" not in kind for one in natural_kinds) for kind in kinds], dtype=bool
        )
        has_unread_codes = any(kind.isdigit() for kind in kinds) and not any(one.isdigit() for one in natural_kinds)
        if has_unread_codes or not all(kinds):
            field = layer.get_field_name("feature_kind")
            label = self.make_layer_label(layer)
            raise MissingInputError(self.texts.get("figures", "no_coast_kind", layer=label, field=field))
        natural, total = (
            _measure_length(layer.plane_shapes[rows], self.ctx.plan.plane_crs) for rows in (is_natural, layer.has_shape)
        )
        if not total:
            raise MissingInputError(self.format_missing_layers(entry.inputs))
        inputs = {"layer": layer.role, "features": len(layer), "part_m": natural, "length_m": total}
        return Indicator(entry.id, 100 * natural / total, entry.unit, entry.basis, inputs=inputs)

    def _make_area(
        self, entry: CatalogueIndicator, area_m2: float, inputs: dict, basis: str = "statutory"
    ) -> Indicator:
        """Return an area (m²) as an indicator in the unit of its definition."""
        return Indicator(entry.id, convert_area(area_m2, entry.unit), entry.unit, basis, inputs=inputs)

    def _select_parcels(self, entry: CatalogueIndicator) -> tuple[Layer, NDArray, dict[str, list[str]]]:
        """Return the layer of parcels, (n,) bool: its rows of the indicator's classes, and these as an input.

        Raise MissingInputError without the layer or without a field with the classes.
        """
        layer = self._require_layer(entry.inputs[0])
        meaning = "urban_code" if entry.urban_codes else "land_use"
        if not layer.has_values(meaning):
            raise MissingInputError(
                self.texts.get(
                    "figures",
                    "no_field",
                    layer=self.make_layer_label(layer),
                    field=layer.get_field_name(meaning) or self.texts.find("meanings", meaning) or meaning,
                )
            )
        if entry.urban_codes:
            urban_codes = list(entry.urban_codes)
            return layer, np.isin(layer.text("urban_code"), urban_codes), {"urban_codes": urban_codes}
        return layer, find_rows_of_classes(layer, entry.classes, self.ctx), {"land_classes": list(entry.classes)}

    def _require_layer(self, concept: str) -> Layer:
        """Return the layer of a concept; raise MissingInputError if it is missing or has no geometry."""
        layer = self.ctx.plan.find_layer_of_concept(concept)
        if layer is None or layer.has_no_geometry:
            raise MissingInputError(self.format_missing_layers((concept,)))
        return layer

    def make_layer_label(self, layer: Layer) -> str:
        """Return the label of a layer for notes of tables, which a project's layer name does not change.

        The inspection of a package makes these notes again from the layers of the package, which have other names.
        """
        return self.texts.make_layer_label(layer.role, self.ctx.norm.standard.templates)

    def format_missing_layers(self, concepts: Iterable[str]) -> str:
        """Return the sentence that the layers for these concepts are missing.

        A concept is a kind of layer, such as farmland.
        """
        missing_concepts = [
            c
            for c in concepts
            if (concept_layer := self.ctx.plan.find_layer_of_concept(c)) is None or concept_layer.has_no_geometry
        ]
        return self.texts.get(
            "figures",
            "no_layer",
            layers=self.texts.get("words", "between_names").join(
                self._get_layer_name(c) for c in missing_concepts or concepts
            ),
        )

    def _get_layer_name(self, concept: str) -> str:
        """Return the name of a concept with the codes of its layers in brackets."""
        templates = self.ctx.norm.standard.templates
        roles = [r for r in self.ctx.plan.list_roles_of_concept(concept) if r in templates]
        if self.texts.lang == "zh":
            name = templates[concept].name if concept in templates else self.texts.get_concept_name(concept)
            return f"{name}（{' / '.join(roles)}）"
        codes = " / ".join(roles) or concept
        return codes if concept in templates else f"{self.texts.get_concept_name(concept)} ({codes})"


def _measure_length(shapes: NDArray, crs: CRS) -> float:
    """Return the geodesic length (m) of lines in the plane; stretches that several lines share count once."""
    lines = crs_care.reproject_to_lonlat(np.array([shapely.union_all(shapes)], dtype=object), crs)
    return float(CGCS2000_GEOD.geometry_length(lines[0]))


def _copy_in_unit(figure: Indicator, unit: str) -> Indicator:
    """Return a copy of a figure in a unit, without target and state; areas are converted."""
    value = require_value(figure.value, "the value of a figure")
    if unit != figure.unit:
        value = convert_area(value * SQUARE_METRES[figure.unit], unit)
    copy = Indicator(figure.id, value, unit, figure.basis, inputs=figure.inputs)
    copy.confirmed, copy.backed = figure.confirmed, figure.backed
    return copy


def mark_figures_of_unknown_land(figures: Iterable[Indicator], plan: Plan) -> bool:
    """Mark figures computed from layers with unknown data as not confirmed, in place.

    Return True if any was marked.
    """
    is_any_marked = False
    entries = load_catalogue(plan.norm.standard).indicator_by_id
    for figure in figures:
        entry = entries.get(figure.id.removeprefix(_TOWNSHIP_PREFIX))
        # A figure states the layers that replace those of its definition.
        layers = {str(value) for value in figure.inputs.values() if isinstance(value, str)} & plan.layers.keys()
        if plan.list_gaps(*layers, *((*entry.inputs, entry.within) if entry is not None else ())):
            figure.mark_unconfirmed()
            is_any_marked = True
    return is_any_marked
