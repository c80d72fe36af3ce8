# SPDX-License-Identifier: GPL-2.0-or-later
"""Algorithm 图斑椭球面积: compute statutory areas; compare or adjust them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qgis.core import (
    Qgis,
    QgsWkbTypes,
)

from ..bridge import health
from ..bridge.checking.figures import AREA_COLUMNS, AreaFieldSpec, make_area_table
from ..bridge.layers.reading import read_snapshot
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language, get_report_language
from ..bridge.texts import mark_text, tr
from ..core.base.errors import Cancellation, InputError
from ..core.base.placeholders import join_first
from ..core.standard.messages.texts import Texts, format_number
from .common import SanxianAlgorithm, describe_norms, log_copy_of_sealed_layer, log_lines, log_written_files
from .inputs import read_layer_parameter
from .outputs import LayerOutput
from .parameters import (
    NORMS,
    POLYGONS,
    Tool,
    declare_numbers,
    make_choice,
    make_layer,
    make_layer_output,
    make_number,
    make_text,
    mark_advanced,
    set_widget,
)

if TYPE_CHECKING:
    from ..core.figures.indicators.layer_areas import AdjustedAreas, LayerAreas, StoredAreaComparison
    from ..core.plan.layer import SourceLayer
    from ..core.standard.template import TemplateField


#: Maximum number of feature ids in a line.
_MAX_LOGGED_IDS = 10
WRITE_MODE, CHECK_MODE = "write", "check"


def _log_areas(feedback, measurement: MeasuredAreas, tolerance_m2: float) -> None:
    """Log sums of areas, differences between stored and computed areas, and features with problems.

    ``tolerance_m2``: greatest difference that counts as equal.
    """
    texts = Texts(get_interface_language())
    areas, stored_comparison = measurement.measured_areas, measurement.stored_comparison
    log_lines(feedback, (texts.format_notice(key, params) for key, params in measurement.source.notices))
    sums = {basis: _format_m2(areas.sum_area_m2(basis)) for basis in ("statutory", "geodesic", "planar")}
    rows = len(areas.statutory)
    feedback.pushInfo(
        texts.get("areas", "sums", layer=measurement.source.name, rows=rows, plane=areas.plane_crs_name, **sums)
    )
    if measurement.non_cgcs2000_crs_name:
        feedback.pushWarning(texts.get("areas", "not_cgcs2000", crs=measurement.non_cgcs2000_crs_name))
    if measurement.has_stored_area:
        stored_m2, count = stored_comparison.stored_m2, int(stored_comparison.is_different.sum())
        stored_sum_m2 = float(stored_m2[stored_m2 == stored_m2].sum())
        surplus_m2 = stored_sum_m2 - areas.sum_area_m2("statutory")
        figures = {
            "stored": _format_m2(stored_sum_m2),
            "difference": _format_m2(abs(surplus_m2)),
            "tolerance": f"{tolerance_m2:g}",
        }
        key = "sums_stored_less" if round(surplus_m2, 2) < 0 else "sums_stored"
        line = texts.get("areas", key, field=measurement.field_name, count=count, **figures)
        (feedback.pushWarning if count else feedback.pushInfo)(line)
        if empty := int((stored_comparison.is_different & (stored_m2 != stored_m2)).sum()):
            feedback.pushInfo(texts.get("areas", "no_value", count=empty, field=measurement.field_name))
    else:
        feedback.pushInfo(texts.get("areas", "no_stored", field=measurement.field_name))
    if stored_comparison.apparent_unit:
        unit = texts.get("areas", f"unit_{stored_comparison.apparent_unit}")
        feedback.pushWarning(texts.get("areas", "unit", field=measurement.field_name, unit=unit))
    if measurement.replaced_columns:
        feedback.pushInfo(texts.get("areas", "replaced", fields=", ".join(measurement.replaced_columns)))
    stray = set(areas.rows_outside_zone)
    for key, positions in (
        ("bare", [n for n in areas.without_shape if n not in stray]),
        ("stray", areas.rows_outside_zone),
        ("repaired", areas.repaired_rows),
    ):
        if positions:
            params = {
                "count": len(positions),
                "fids": join_first([str(measurement.fids[n]) for n in positions], limit=_MAX_LOGGED_IDS),
                "field": measurement.field_name,
            }
            feedback.pushWarning(texts.get("areas", key, **params))


def _log_area_adjustment(feedback, adjusted: AdjustedAreas, fids: list[int], unconfirmed_share: float | None) -> None:
    """Log control areas, refused adjustments, and land outside all control areas."""
    texts = Texts(get_interface_language())
    for name, unit in adjusted.control_area_adjustments:
        figures = {
            "control": _format_m2(unit.control_m2),
            "sum": _format_m2(unit.sum_m2),
            "misclosure": _format_m2(unit.misclosure_m2),
            "allowed": _format_m2(unit.allowed_misclosure_m2),
            "most": _format_m2(unit.largest_correction_m2),
        }
        if unit.is_refused:
            feedback.pushWarning(texts.get("areas", "unit_refused", name=name, **figures))
        else:
            feedback.pushInfo(texts.get("areas", "unit_closed", name=name, **figures))
    if adjusted.rows_outside_control:
        outside = join_first([str(fids[n]) for n in adjusted.rows_outside_control], limit=_MAX_LOGGED_IDS)
        feedback.pushWarning(texts.get("areas", "outside", count=len(adjusted.rows_outside_control), fids=outside))
    if adjusted.empty_control_names:
        feedback.pushWarning(texts.get("areas", "no_parts", names=", ".join(adjusted.empty_control_names)))
    if unconfirmed_share is not None:
        feedback.pushInfo(texts.get("areas", "limit_unconfirmed", share=f"{unconfirmed_share:g}"))


def _format_m2(area: float) -> str:
    """Return an area as text with two decimals, never as −0.00."""
    return format_number(round(area, 2) + 0.0, 2)


@dataclass
class MeasuredAreas:
    """Areas measured in a run of the tool, and the field that receives them.

    ``field_name``: name of the field; ``declared_field``: its definition in the layer's template, None if the template
    lacks it; ``has_stored_area``: the layer has the field; ``replaced_columns``: area columns of an earlier run, which
    the new ones replace; ``non_cgcs2000_crs_name``: name of the CRS if its datum is not CGCS2000, else empty;
    ``role``: code of the plan layer, empty if unknown.
    """

    source: SourceLayer
    field_name: str
    declared_field: TemplateField | None
    decimals: int
    has_stored_area: bool
    measured_areas: LayerAreas
    stored_comparison: StoredAreaComparison
    adjusted_areas: AdjustedAreas | None
    replaced_columns: list[str]
    non_cgcs2000_crs_name: str
    role: str

    @property
    def fids(self) -> list[int]:
        return [int(v) for v in self.source.frame.index]


class StatutoryArea(SanxianAlgorithm):
    """Algorithm `statutory_area`: write or check areas, adjust them to control areas."""

    tool = Tool(
        identifier="statutory_area",
        section="check",
        title=mark_text("Statutory areas"),
        keywords=(
            "area",
            "ellipsoid",
            "MJ",
            "adjustment",
            "control area",
            "面积",
            "椭球面积",
            "图斑椭球面积",
            "平差",
            "控制面积",
        ),
        help_parts=(
            mark_text(
                "Computes the statutory (ellipsoidal) area of each polygon by the formula of the land survey, in "
                "degrees or in any zone of CGCS2000, and lists planar, geodesic, statutory and stored areas in "
                "separate columns, with the difference of the stored area. The input is not changed.\n\n"
                "Field: the field that is filled or checked; if empty, the field of the layer's template (TBMJ, MJ…), "
                "or else MJ. A missing field is added. Areas are in m², rounded to 0.01.\n\n"
                "Mode: write fills the field and keeps all features; check does not change the field and returns only "
                "the features whose stored area is missing or differs by more than the tolerance.\n\n"
                "Control area: a layer of polygons (the county, its townships) or a number in m². The parts in each "
                "control area are adjusted to it: corrections are proportional to area, the total is exact to 0.01 m², "
                "and the result is a proposal in a separate column (closed_m2). If the sum of the parts differs too "
                "much from the control area, no adjustment is made: correct overlaps and gaps first.\n\n"
                "Invalid shapes are measured with a repaired copy; features without a usable polygon have no area. "
                "Both are listed. Net areas (TBDLMJ, YJJBNTMJ) are not changed; rule ATT003 compares them with the "
                "field."
            ),
            describe_norms,
        ),
        parameters=(
            make_layer("INPUT", mark_text("Layer")),
            make_text("FIELD", mark_text("Field of the area (empty: the template's, else MJ)")),
            set_widget(
                make_choice("MODE", mark_text("Mode"), [WRITE_MODE, CHECK_MODE], optional=True), "AreaModeWidget"
            ),
            make_number("TOLERANCE", mark_text("Tolerance of the stored area (m²)"), 0.01),
            make_layer("CONTROL", mark_text("Control areas (county or townships)"), optional=True),
            make_number("CONTROL_AREA", mark_text("Control area (m²)")),
            *mark_advanced(
                make_number(
                    "LIMIT", mark_text("Largest misclosure, as a share of the control area (empty: the default)")
                ),
                *NORMS,
            ),
            make_layer_output("OUTPUT", mark_text("With areas"), POLYGONS, optional=False),
        ),
        results=declare_numbers(
            ROWS=mark_text("Features"),
            DIFFERING=mark_text("Stored areas that differ"),
            WITHOUT_AREA=mark_text("Without a usable polygon"),
            STATUTORY_M2=mark_text("Statutory areas, sum (m²)"),
            GEODESIC_M2=mark_text("Geodesic areas, sum (m²)"),
            PLANAR_M2=mark_text("Planar areas, sum (m²)"),
            STORED_M2=mark_text("Stored areas, sum (m²)"),
            CONTROL_M2=mark_text("Control areas, sum (m²)"),
            MISCLOSURE_M2=mark_text("Misclosure, sum (m²)"),
            REFUSED=mark_text("Control areas not adjusted"),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.texts = Texts(get_report_language())
        self.norm = self.read_norm_options(parameters, context).resolve_norm()
        self.layer_snapshot = read_layer_parameter(self, parameters, "INPUT", context)
        self.control = read_layer_parameter(self, parameters, "CONTROL", context)
        if self.layer_snapshot is None:
            raise InputError("no_layers")
        for shot in (self.layer_snapshot, self.control):
            if shot is not None and QgsWkbTypes.geometryType(shot.geometry_type) != Qgis.GeometryType.Polygon:
                raise InputError("areas_not_polygons", layer=shot.name)
        self.field = self.read_text_parameter(parameters, "FIELD", context)
        self.mode = self.parameterAsEnumString(parameters, "MODE", context) or WRITE_MODE
        if self.mode not in (WRITE_MODE, CHECK_MODE):
            raise InputError("areas_mode", value=self.mode, known=f"{WRITE_MODE}, {CHECK_MODE}")
        self.tolerance = self.parameterAsDouble(parameters, "TOLERANCE", context)
        self.control_m2 = self.read_number(parameters, "CONTROL_AREA", context)
        if self.control is not None and self.control_m2 is not None:
            raise InputError("areas_two_controls")
        self.limit = self.read_number(parameters, "LIMIT", context)
        inputs = [shot.file_path for shot in (self.layer_snapshot, self.control) if shot is not None]
        self.output = LayerOutput(parameters, context, "OUTPUT", tr("With areas"), inputs)

    def execute(self, parameters, context, feedback):
        measurement = self._measure_areas(feedback, self.cancellation)
        areas, adjusted = measurement.measured_areas, measurement.adjusted_areas
        _log_areas(feedback, measurement, self.tolerance)
        if adjusted is not None:
            from ..core.figures.indicators.layer_areas import MISCLOSURE_LIMIT_SETTING as SETTING

            share = None if self.limit is not None or self.norm.is_confirmed(SETTING) else self.norm.get(SETTING)
            _log_area_adjustment(feedback, adjusted, measurement.fids, share)
        feedback.setProgressText(Texts(get_interface_language()).get("toolbox", "writing"))
        area_field_spec = AreaFieldSpec(
            measurement.field_name,
            self.mode == WRITE_MODE,
            measurement.declared_field.alias if measurement.declared_field else "",
            measurement.decimals,
        )
        if self.mode == CHECK_MODE:
            area_field_spec.filled_row_positions = set(measurement.stored_comparison.is_different.nonzero()[0].tolist())
        table = make_area_table(
            self.layer_snapshot,
            measurement.fids,
            areas,
            measurement.stored_comparison,
            adjusted,
            area_field_spec,
            self.texts,
        )
        results = self.output.write_table(self, parameters, context, table, self.cancellation)
        log_written_files(feedback, [self.output.file])
        if self.mode == WRITE_MODE:
            log_copy_of_sealed_layer(feedback, measurement.role, self.norm)
        sums = {f"{basis.upper()}_M2": areas.sum_area_m2(basis) for basis in ("statutory", "geodesic", "planar")}
        results |= {"ROWS": len(areas.statutory), "WITHOUT_AREA": len(areas.without_shape), **sums, "DIFFERING": 0}
        if measurement.has_stored_area:
            results["DIFFERING"] = int(measurement.stored_comparison.is_different.sum())
            stored_areas_m2 = measurement.stored_comparison.stored_m2
            results["STORED_M2"] = float(stored_areas_m2[stored_areas_m2 == stored_areas_m2].sum())
        if adjusted is not None:
            results |= {
                "CONTROL_M2": adjusted.control_m2,
                "MISCLOSURE_M2": adjusted.misclosure_m2,
                "REFUSED": adjusted.refused_count,
            }
        return results

    @run_in_python_thread
    def _measure_areas(self, feedback, cancellation: Cancellation) -> MeasuredAreas:
        """Read the layer; measure, compare and adjust the areas of its features."""
        health.require_libraries(cancellation)
        from ..core.figures.indicators.layer_areas import (
            AREA_DECIMALS,
            compare_with_stored,
            find_area_field,
            measure_areas,
            read_stored_areas,
        )
        from ..core.geometry import crs as crs_care
        from ..core.plan.loading.recognition import find_role

        feedback.setProgressText(
            Texts(get_interface_language()).get("toolbox", "reading", layer=self.layer_snapshot.name)
        )
        source = read_snapshot(self.layer_snapshot, cancellation=cancellation)
        source.require_usable()
        field, declared_field = find_area_field(source, self.norm, self.field)
        if field in AREA_COLUMNS:
            raise InputError("areas_field_taken", field=field, known=", ".join(AREA_COLUMNS))
        area_field = next((f for f in source.fields if f.name == field), None)
        if area_field is None and self.mode == CHECK_MODE:
            raise InputError(
                "areas_no_field", layer=source.name, field=field, known=", ".join(f.name for f in source.fields)
            )
        if area_field is not None and area_field.type != "real" and self.mode == WRITE_MODE:
            raise InputError("areas_field_kind", layer=source.name, field=field)
        has_stored_area = area_field is not None
        decimals = (
            AREA_DECIMALS if declared_field is None or declared_field.decimals is None else declared_field.decimals
        )
        feedback.setProgress(30)
        areas = measure_areas(source, self.norm, self.texts, cancellation)
        feedback.setProgress(60)
        stored_comparison = compare_with_stored(
            areas, read_stored_areas(source, field) if has_stored_area else None, decimals, self.tolerance
        )
        adjusted = self._adjust_areas(source, areas, 10.0**-decimals, cancellation)
        feedback.setProgress(70)
        replaced = [f.name for f in source.fields if f.name in AREA_COLUMNS]
        other = "" if crs_care.describe_crs(source.crs).is_cgcs2000 else crs_care.make_crs_label(source.crs)
        role = find_role(source, self.norm)[0]
        return MeasuredAreas(
            source,
            field,
            declared_field,
            decimals,
            has_stored_area,
            areas,
            stored_comparison,
            adjusted,
            replaced,
            other,
            role,
        )

    def _adjust_areas(
        self, source: SourceLayer, areas: LayerAreas, step_m2: float, cancellation: Cancellation
    ) -> AdjustedAreas | None:
        """Return the areas adjusted to the control area or the layer of control areas; None without either.

        ``step_m2``: last digit of the stored areas in m².
        """
        from ..core.figures.indicators.layer_areas import (
            MISCLOSURE_LIMIT_SETTING as SETTING,
            adjust_to_layer,
            adjust_to_total,
            list_control_names,
            list_keys,
            measure_areas,
        )

        if self.control is None and self.control_m2 is None:
            return None
        limit = self.norm.get(SETTING) if self.limit is None else self.limit
        keys = list_keys(source)
        if self.control_m2 is not None:
            return adjust_to_total(areas, self.control_m2, keys, limit, step_m2, self.texts.get("areas", "whole"))
        control = read_snapshot(self.control, cancellation=cancellation)
        control.require_usable()
        control_areas = measure_areas(control, self.norm, self.texts, cancellation)
        if len(control_areas.without_shape) == len(control_areas.statutory):
            raise InputError("areas_control_bare", layer=control.name)
        control_names = list_control_names(control, self.norm)
        return adjust_to_layer(areas, source.crs, control_areas, control.crs, control_names, keys, limit, step_m2)
