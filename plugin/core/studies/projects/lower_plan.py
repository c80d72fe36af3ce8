# SPDX-License-Identifier: GPL-2.0-or-later
"""A detailed or village plan (详细规划, 村庄规划) as a whole: its parcels in its boundary, their uses, required shares.

Its parcels of construction are reviewed as projects; this module has what concerns all of them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import shapely

from ...base.errors import InputError
from ...geometry.crs import make_lonlat_transformer
from ...geometry.statutory_area import measure_statutory_area
from ...geometry.tolerance import Tolerance
from ...geometry.validity import extract_polygons
from ...plan.plan import Plan
from ...render.tables.report_table import ReportTable, TableColumn, make_row, make_table
from ...standard.messages.texts import Texts
from ...standard.options import LowerPlanKind
from ...standard.profile import Norm
from .list_tables import make_hectare_cell
from .read_projects import ReadProjects
from .review_sentences import describe_lower_plan, describe_share, format_limit
from .reviewed_project import SECTION, LowerPlan, Outcome, Project, RequiredShare, UseArea

#: The shares of 建设用地 that a village plan keeps: id → setting of the limit, of its classes, and True for a maximum.
_SHARES = {
    "reserve": ("lower_plan.max_reserve_share", "lower_plan.reserve_classes", True),
    "industry": ("lower_plan.min_industry_share", "lower_plan.industry_classes", False),
}
_CONSTRUCTION_SETTING = "farmland.construction_classes"
#: Note on rows of projects without a name, which parcels need not have.
_NAMELESS = "note_no_name"


def select_construction(read: ReadProjects, norm: Norm) -> ReadProjects:
    """Return the parcels of a lower plan that are reviewed: of construction, or of an unknown use."""
    kept = tuple(one for one in read.projects if is_reviewed(one, norm))
    notes = tuple(note for note in read.notes if note.message.key != _NAMELESS)
    return replace(read, projects=kept, notes=notes, row_count=read.row_count - len(read.projects) + len(kept))


def is_reviewed(parcel: Project, norm: Norm) -> bool:
    """Return True for a parcel of a lower plan that is reviewed: of construction, or of an unknown use."""
    return not parcel.use_code or parcel.use_code.startswith(tuple(norm.get(_CONSTRUCTION_SETTING)))


def sum_lower_plan(
    kind: LowerPlanKind, parcels: Sequence[Project], boundary: ReadProjects | None, plan: Plan, tolerance: Tolerance
) -> LowerPlan:
    """Return the figures of all parcels of a lower plan. Raise InputError for a boundary without a polygon."""
    norm = plan.norm
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for one in parcels:
        sums[one.use_code, one.use_name] += one.statutory_m2
    uses = tuple(UseArea(code, name, area) for (code, name), area in sorted(sums.items()))

    def sum_classes(classes: Sequence[str]) -> float:
        return sum(one.area_m2 for one in uses if one.code.startswith(tuple(classes)))

    construction = sum_classes(norm.get(_CONSTRUCTION_SETTING))
    shares = []
    for name, (limit_key, classes_key, is_maximum) in _SHARES.items() if kind is LowerPlanKind.VILLAGE else ():
        classes, limit = tuple(norm.get(classes_key)), float(norm.get(limit_key))
        area = sum_classes(classes)
        is_known = construction > 0 and all(one.code for one in uses)
        share = area / construction if is_known else None
        keys = {"limit": (limit_key,), "classes": (classes_key, _CONSTRUCTION_SETTING)}
        unconfirmed = tuple(one for one, own in keys.items() if not all(map(norm.is_confirmed, own)))
        outcome = _judge(share, limit, is_maximum, not unconfirmed)
        source = norm.profile.mark_sources.get(limit_key, "")
        shares.append(RequiredShare(name, classes, area, share, limit, is_maximum, outcome, unconfirmed, source))
    land = shapely.union_all([one.shape for one in parcels])
    to_lonlat = make_lonlat_transformer(plan.plane_crs)

    def measure(shape: shapely.Geometry) -> float:
        """Return the statutory area (m²) of the polygons of a shape."""
        return float(measure_statutory_area(shapely.get_parts(extract_polygons(shape)), to_lonlat).sum())

    overlap = 0.0
    tree = shapely.STRtree([one.shape for one in parcels])
    for number, one in enumerate(parcels):
        earlier = [parcels[other].shape for other in tree.query(one.shape, predicate="intersects") if other < number]
        overlap += measure(shapely.intersection(one.shape, shapely.union_all(earlier))) if earlier else 0.0
    other_count = sum(not is_reviewed(one, norm) for one in parcels)
    figures = LowerPlan(kind, other_count, uses, construction, tuple(shares), overlap, tolerance.min_area_m2)
    if boundary is None:
        return figures
    if not boundary.projects:
        raise InputError("lower_plan_boundary", source=boundary.source)
    extent = shapely.union_all([one.shape for one in boundary.projects])
    names = [one.name for one in boundary.projects if one.name]
    return replace(
        figures,
        name="、".join(dict.fromkeys(names)),
        boundary_m2=float(measure_statutory_area(np.array([extent], dtype=object), to_lonlat)[0]),
        gap_m2=measure(shapely.difference(extent, land)),
        outside_m2=measure(shapely.difference(land, extent)),
    )


def _judge(share: float | None, limit: float, is_maximum: bool, is_confirmed: bool) -> Outcome:
    """Return the outcome of a share; without the county's confirmation it neither conforms nor fails."""
    if share is None:
        return Outcome.UNDETERMINED
    if not is_confirmed:
        return Outcome.CONDITIONAL
    return Outcome.CONFORMS if (share <= limit if is_maximum else share >= limit) else Outcome.FAILS


def describe_plan(figures: LowerPlan | None, texts: Texts) -> str:
    """Return name and kind of a lower plan for a title; nothing without a lower plan."""
    return "" if figures is None else texts.get(SECTION, f"lower_title_{figures.kind}", name=figures.name)


class _Row(NamedTuple):
    item: str
    area_m2: float | None
    percent: float | None
    code: str = ""
    limit: str = ""
    result: str = ""


def make_lower_plan_table(figures: LowerPlan, texts: Texts) -> ReportTable:
    """Return a row for each use, then the whole, the parcels against the boundary, and the required shares."""
    table = make_table(
        "conformity_lower_plan",
        [
            TableColumn("lower_item", width_in_characters=30, key="item"),
            TableColumn("lower_code", width_in_characters=14, key="code"),
            TableColumn("lower_area", "ha", width_in_characters=14, value=lambda one: make_hectare_cell(one.area_m2)),
            TableColumn("lower_part", "share", width_in_characters=10, key="percent"),
            TableColumn("lower_limit", width_in_characters=10, key="limit"),
            TableColumn("lower_result", width_in_characters=70, key="result"),
        ],
        unit="ha",
        # The sentences on shares are in their rows.
        notes=[message.render(texts) for _, message in describe_lower_plan(replace(figures, shares=()))],
    )

    def add(kind: str, item: str, area_m2: float | None, share: float | None = None, **more: str) -> None:
        row = _Row(item, area_m2, None if share is None else 100 * share, **more)
        table.rows.append(make_row(table.columns, row, kind, row.code or item))

    for one in figures.uses:
        name = one.name or texts.get(SECTION, "lower_no_use")
        add("row", name, one.area_m2, one.area_m2 / figures.area_m2, code=one.code)
    add("sum", texts.get(SECTION, "lower_total"), figures.area_m2, 1.0)
    for key in ("construction", "boundary", "gap", "outside", "overlap"):
        add("row", texts.get(SECTION, f"lower_{key}_row"), getattr(figures, f"{key}_m2"))
    for share in figures.shares:
        text, codes = describe_share(share).render(texts), " ".join(share.classes)
        name = texts.get(SECTION, f"lower_{share.id}_row")
        add("row", name, share.area_m2, share.share, code=codes, limit=format_limit(share), result=text)
    return table
