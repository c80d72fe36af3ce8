# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what a check of seams needs of one county: its border, and the features near it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import shapely

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import describe_exception, make_source
from ...base.errors import Cancelled, DataError, InputError
from ...base.files.writing import explain_os_error
from ...engine.context import RuleContext
from ...engine.provenance import find_county_name
from ...figures.indicators.areas import compute_area_with_target
from ...geometry.polygons import union_polygon_rows
from ...model.indicator import AREA_FIGURES
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.messages.texts import Texts, strip_folders
from ...standard.options import RunOptions
from ..county_record import County
from ..overview_map import FROM_COUNTY, FROM_TOWNSHIPS
from .seam_result import BorderState, ChildFigure, CountyBorders, SeamSettings

#: Features this many times the reach from the border are read: a gap and a shift may be as wide as the reach.
_READ_REACHES = 3.0
#: One cheap rule: the inspection of a package reads the layers in order to run rules on them.
_PACKAGE_RULES = ("SCH001",)


def read_county_borders(
    county: County,
    options: RunOptions,
    package_spec: str,
    settings: SeamSettings,
    *,
    with_figures: bool,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CountyBorders:
    """Return border and features near the border of a county; a county that cannot be read has the reason.

    ``with_figures``: compute the areas that targets exist for. Raise Cancelled and MemoryError.
    """

    def read() -> CountyBorders:
        plan = _read_plan(county, options, package_spec, cancellation)
        return extract_borders(county, plan, settings, with_figures, options.lang, cancellation)

    return make_borders_or_reason(county, read, options.lang)


def make_borders_or_reason(county: County, make_borders: Callable[[], CountyBorders], lang: str) -> CountyBorders:
    """Return what a function makes of a county; if it fails, borders without content that have the reason.

    Raise Cancelled and MemoryError.
    """
    texts = Texts(lang)
    try:
        return make_borders()
    except (InputError, DataError) as error:
        return CountyBorders(county.name, BorderState.UNREAD, strip_folders(texts.explain_error(error)))
    except OSError as error:
        no_access = InputError("source_no_access", source=county.source, detail=explain_os_error(error))
        return CountyBorders(county.name, BorderState.UNREAD, strip_folders(texts.explain_error(no_access)))
    except (MemoryError, Cancelled):
        raise
    except Exception as error:  # an unexpected error of one county must not stop the others: its row has the reason
        return CountyBorders(county.name, BorderState.CRASHED, describe_exception(error))


def _read_plan(county: County, options: RunOptions, package_spec: str, cancellation: Cancellation) -> Plan:
    """Read the plan of a county, or that of its submission package."""
    options = replace(options, profile=county.profile or options.profile)
    if county.is_package:
        from ...package.export import make_options_for_package
        from ...package.inspection.inspect import inspect_package
        from ...package.package_spec.load import load_package_spec

        spec = load_package_spec(package_spec)
        package_options = make_options_for_package(replace(options, rules=_PACKAGE_RULES), spec)
        return inspect_package(county.source, spec, package_options, cancellation=cancellation).plan
    from ...plan.loading.reading import read_plan

    return read_plan(make_source(county.source), options.resolve_norm(), options, cancellation=cancellation)


def extract_borders(
    county: County,
    plan: Plan,
    settings: SeamSettings,
    with_figures: bool,
    lang: str,
    cancellation: Cancellation,
) -> CountyBorders:
    """Return the border of a plan's county, and the rows of compared layers near it. Raise InputError without one."""
    outline, basis = _find_outline_layer(plan)
    if outline is None:
        unusable = plan.find_unusable_layer("county")
        key = "seams_border_unusable" if unusable is not None else "seams_no_border"
        raise InputError(key, source=county.source, layer=unusable.name if unusable is not None else "")
    union = union_polygon_rows(outline.polygons, tolerance=settings.tolerance)
    if union is None:
        raise InputError("seams_border_unusable", source=county.source, layer=outline.name)
    border = shapely.boundary(union)
    layers, summed = {}, [concept for concept, _ in AREA_FIGURES.values()]
    for compared in settings.layers:
        cancellation.raise_if_cancelled()
        layer = plan.find_layer_of_concept(compared.concept)
        if layer is not None and not layer.has_no_geometry:
            rows = np.flatnonzero(shapely.dwithin(layer.plane_shapes, border, _READ_REACHES * settings.reach_m))
            layers[compared.concept] = layer.detach_rows(rows)
    return CountyBorders(
        county.name,
        area_code=plan.area_code,
        area_name=find_county_name(plan),
        outline=outline.detach_rows(np.flatnonzero(outline.has_shape)),
        layers=layers,
        crs=plan.plane_crs,
        figures=_compute_figures(plan, settings, lang, cancellation) if with_figures else {},
        border_basis=basis,
        absent=frozenset(
            one.concept
            for one in settings.layers
            if one.concept in plan.norm.profile.absent and one.concept not in layers
        ),
        gaps=plan.list_gaps(outline.role, *(one.concept for one in settings.layers), *(summed if with_figures else ())),
    )


def _find_outline_layer(plan: Plan) -> tuple[Layer | None, str]:
    """Return the layer of the county, else of its townships, and which of them; None without both."""
    for concept, basis in (("county", FROM_COUNTY), ("townships", FROM_TOWNSHIPS)):
        layer = plan.find_layer_of_concept(concept)
        if layer is not None and not layer.has_no_geometry:
            return layer, basis
    return None, ""


def _compute_figures(
    plan: Plan, settings: SeamSettings, lang: str, cancellation: Cancellation
) -> dict[str, ChildFigure]:
    """Return the areas with targets of a county, with the targets of its profile."""
    ctx = RuleContext(plan, plan.norm, settings.tolerance, cancellation=cancellation, lang=lang)
    targets = plan.norm.find_targets(plan.area_code)
    figures = {}
    for indicator in AREA_FIGURES:
        area = compute_area_with_target(indicator, ctx)
        own_targets = tuple(one for one in targets if one.indicator == indicator)
        value = None if area.layer is None else area.area_m2
        is_known = area.layer is None or not area.layer.gaps
        figures[indicator] = ChildFigure(value, area.is_confirmed and is_known, own_targets)
    return figures
