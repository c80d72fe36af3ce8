# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of figures that layouts refer to, each built once for a plan.

Most of them are those of the indicators' workbook (`render.tables`); no figure is computed twice. Only office tables
have areas of control lines and zones by present land use (规划分区 × 用地), balances of farmland, and the list of
conflicts.

The balance of cultivated land (耕地占补平衡) is from the base year to the plan, from transitions of land use. By the
form in use until a year, land taken for construction (占补平衡) and land exchanged with orchards, woods and the like
(进出平衡) are separate; from that year on they are unified. The year is a setting. The balance of 永久基本农田
(占用、补划) is since the sealed edition.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...figures.indicators.areas import find_counted_reserve_rows
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import get_row_areas
from ...figures.indicators.townships import TownshipSplit, get_plan_townships, split_rows_by_group
from ...figures.three_zones import list_zone_codes
from ...model.findings import Finding
from ...model.indicator import AREA_FIGURES, SQUARE_METRES
from ...model.report import Outcome, Report
from ...model.rule import Severity
from ...plan.layer import Layer
from ...render.tables.by_land_use import (
    BASE_LAYER,
    PLANNED_LAYER,
    find_group_positions,
    find_land_use_layer,
    make_land_use_table,
    sum_transitions,
)
from ...render.tables.by_place import (
    INDICATOR_BY_LINE_CONCEPT,
    make_line_table,
    make_space_table,
    make_township_table,
    make_zone_table,
)
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_table,
)
from ...render.versions.baseline import compare_with_baseline, get_sealed_edition
from ...render.versions.edition_comparison import NET_BASIS, STATUTORY_BASIS, AreaBalance
from ...render.words import ReportTexts
from ...standard.profile.profile_figures import get_township_targets
from ...standard.profile.space_map import ZONES_LIST
from .feature_tables import (
    FEATURES,
    NET,
    STATUTORY,
    SUPPLEMENTED,
    TOWNSHIP,
    get_list_block,
    make_feature_table,
    make_supplement_table,
)
from .office_table import TableLayout
from .use_tables import (
    CENTRE_LAYERS,
    COMPARED_COLUMNS,
    make_centre_table,
    make_class_table,
    make_hectares,
    make_structure_table,
)

#: At the end of a content: all columns whose ids begin with the text before it. In a head: the title of each of them.
WILDCARD = "*"
#: Land without a known class, land without a parcel, and land in two parcels.
_UNKNOWN, _NO_PARCEL, _TWICE = "unknown", "no_parcel", "twice"
#: A column with less land (m²) in all rows is left out: rounding errors of sums.
_LEAST_AREA_M2 = 0.05
_CULTIVATED = "cultivated"
#: Lines that a table divides by planning zone.
LINES_BY_ZONE = ("boundary", "farmland", "red_line")
#: Groups of land that cultivated land is exchanged with under 进出平衡: other agricultural land.
AGRICULTURAL_GROUPS = ("garden", "forest", "grass", "wetland", "farm_facilities")
#: Terms of the balance: before − moved_out + moved_in + other = after.
TERMS = ("before", "moved_out", "moved_in", "other", "after")
_LINE_COLUMNS = (
    *("line", "layer", "features", "statutory", "survey", "net", "net_wan_mu", "county_share"),
    *("target", "room", "state"),
)


def make_zone_use_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the first-level planning zones by land use of the base year.

    Rows divided by parcels keep their statutory area, so that the uses of a zone sum to the zone, and all zones to the
    table of planning zones. None without zones or parcels.
    """
    zones = figures.ctx.plan.find_layer_of_concept("zones")
    parcels = find_land_use_layer(BASE_LAYER, figures)
    if zones is None or parcels is None or zones.has_no_geometry or not zones.has_values("zone_code"):
        return None
    split = _split_by_use(zones, parcels, figures)
    names, positions = _list_top_zones(zones, figures)
    sums = [
        (code, name, split.sum_by_township(zones.statutory, positions == n))
        for n, (code, name) in enumerate(names)
        if (positions == n).any()
    ]
    sums.append(("", figures.texts.get("tables", "sum"), np.sum([areas for _, _, areas in sums], axis=0)))
    return _make_use_table("zone_use", sums, "zone_use_note", {"zones": zones, "parcels": parcels}, figures)


def _list_top_zones(zones: Layer, figures: PlanIndicators) -> tuple[list[tuple[str, str]], NDArray]:
    """Return code and name of each first-level zone, the last for unknown codes, and (n,) the zone of each row."""
    codes, row_codes = figures.ctx.get_code_list(ZONES_LIST), np.array(list_zone_codes(zones), dtype=object)
    tops = [(entry.code, entry.name) for entry in codes.entry_by_code.values() if not entry.parent]
    positions = np.full(len(zones), len(tops))
    for n, (code, _) in enumerate(tops):
        positions[np.isin(row_codes, list(codes.collect_members([code])))] = n
    return [*tops, (_UNKNOWN, figures.texts.get("tables", "unknown_code"))], positions


def make_zone_line_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the areas of the control lines in each first-level planning zone; the sums are those of the lines.

    None without zones, or without any line.
    """
    ctx, texts = figures.ctx, figures.texts
    zones = ctx.plan.find_layer_of_concept("zones")
    if zones is None or zones.has_no_geometry or not zones.has_values("zone_code"):
        return None
    names, positions = _list_top_zones(zones, figures)
    areas: dict[str, NDArray] = {}
    for concept in LINES_BY_ZONE:
        layer = ctx.plan.find_layer_of_concept(concept)
        if layer is not None and not layer.has_no_geometry:
            split = split_rows_by_group(layer, zones, len(names), positions, ctx)
            areas[f"{concept}_{STATUTORY_BASIS}"] = split.sum_by_township(layer.statutory)
            net = get_row_areas(layer).net_m2
            if net is not None:
                areas[f"{concept}_{NET_BASIS}"] = split.sum_by_township(net)
    if not areas:
        return None
    table = ReportTable("zone_lines", [TableColumn("name"), *(TableColumn(one, "ha") for one in areas)], unit="ha")
    names += [("outside", texts.get("office_tables", "outside_zones")), (_TWICE, texts.get("tables", _TWICE))]
    for n, (code, name) in enumerate(names):
        values = [sums[n] for sums in areas.values()]
        if (positions == n).any() or any(abs(value) >= _LEAST_AREA_M2 for value in values):
            table.rows.append(ReportTableRow([name, *map(make_hectares, values)], "row", code))
    totals = [make_hectares(sums.sum()) for sums in areas.values()]
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), *totals], "sum", ""))
    table.notes.append(texts.get("office_tables", "zone_lines_note", zones=figures.make_layer_label(zones)))
    return table


def make_township_target_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the targets allotted to the townships in ha, in the rows of the table of townships.

    None without townships. Without a table of targets the rows have no figures.
    """
    townships = get_plan_townships(figures.ctx)
    if townships is None:
        return None
    texts, allotted = figures.texts, get_township_targets(figures.ctx.side_inputs)
    columns = [TableColumn("name"), *(TableColumn(concept, "ha") for concept, _ in AREA_FIGURES.values())]
    table = ReportTable("township_targets", columns, unit="ha")
    given = {(one.code or one.name, one.indicator): one for one in allotted.targets}
    columns_m2: list[list[float | None]] = []
    for name in AREA_FIGURES:
        targets = [given.get((one.code, name)) or given.get((one.name, name)) for one in townships[1]]
        areas = [None if one is None else one.numeric_value * SQUARE_METRES[one.unit] for one in targets]
        known = [area for area in areas if area is not None]
        columns_m2.append([*areas, sum(known) if known else None])
    ids = [(one.name, "row", one.code or one.name) for one in townships[1]]
    ids.append((texts.get("tables", "sum"), "sum", ""))
    for (name, kind, code), *areas_m2 in zip(ids, *columns_m2, strict=True):
        table.rows.append(ReportTableRow([name, *map(make_hectares, areas_m2)], kind, code))
    key = "township_targets_note" if allotted.targets else "no_township_targets"
    table.notes.append(texts.get("office_tables", key, file=allotted.file_name))
    return table


def make_line_use_table(figures: PlanIndicators) -> ReportTable | None:
    """Return each control line by land use of the base year (三线占用情况); lines do not add up.

    None without parcels or without any line.
    """
    parcels = find_land_use_layer(BASE_LAYER, figures)
    if parcels is None:
        return None
    sums: list[tuple[str, str, NDArray]] = []
    for concept in INDICATOR_BY_LINE_CONCEPT:
        layer = figures.ctx.plan.find_layer_of_concept(concept)
        if layer is not None and not layer.has_no_geometry:
            sums.append(
                (
                    concept,
                    layer.template.name,
                    _split_by_use(layer, parcels, figures).sum_by_township(
                        layer.statutory,
                        find_counted_reserve_rows(layer, figures.ctx) if concept == "reserves" else None,
                    ),
                )
            )
    return _make_use_table("line_use", sums, "line_use_note", {"parcels": parcels}, figures) if sums else None


def _split_by_use(layer: Layer, parcels: Layer, figures: PlanIndicators) -> TownshipSplit:
    """Divide the rows of a layer among the land-use groups of parcels; the last group has unknown classes."""
    ctx = figures.ctx
    count = len(figures.catalogue.land_groups) + 1
    positions = find_group_positions(parcels, figures)
    return ctx.compute_shared("by_land_use", layer, lambda: split_rows_by_group(layer, parcels, count, positions, ctx))


def _make_use_table(
    table_id: str,
    sums: list[tuple[str, str, NDArray]],
    note_key: str,
    layers: dict[str, Layer],
    figures: PlanIndicators,
) -> ReportTable:
    """Return a table with a column for each land-use group that has land.

    ``sums``: code, name and areas (m²) of each row, without a code for their sum; the note names the ``layers``.
    """
    texts = figures.texts
    titles = {group.id: group.get_name(texts.lang) for group in figures.catalogue.land_groups}
    titles[_UNKNOWN] = texts.get("tables", "unknown_class")
    titles |= {key: texts.get("office_tables", key) for key in (_NO_PARCEL, _TWICE)}
    kept = [n for n in range(len(titles)) if any(abs(areas[n]) >= _LEAST_AREA_M2 for _, _, areas in sums)]
    uses = list(titles.items())
    columns = [
        TableColumn("name", width_in_characters=22),
        TableColumn("statutory", "ha", width_in_characters=16),
        *[TableColumn(f"use_{key}", "ha", title, 14) for key, title in (uses[n] for n in kept)],
    ]
    rows = [
        ReportTableRow([name, *map(make_hectares, (areas.sum(), *areas[kept]))], "row" if code else "sum", code)
        for code, name, areas in sums
    ]
    return ReportTable(
        table_id,
        columns,
        rows,
        "ha",
        [
            texts.get(
                "office_tables",
                note_key,
                **{concept: figures.make_layer_label(layer) for concept, layer in layers.items()},
            )
        ],
    )


def make_cultivated_balance_table(figures: PlanIndicators) -> ReportTable | None:
    """Return cultivated land of the base year, what it loses and gains, and that of the plan.

    Statutory areas by overlay of both layers; land lost also net, as parcels of the plan have no net area. None without
    land use of the base year or of the plan.
    """
    base, planned = (find_land_use_layer(concept, figures) for concept in (BASE_LAYER, PLANNED_LAYER))
    if base is None or planned is None:
        return None
    ids = [group.id for group in figures.catalogue.land_groups]
    place = ids.index(_CULTIVATED)
    statutory, _ = sum_transitions(base, planned, base.statutory, figures)
    net_areas = get_row_areas(base).net_m2
    net = None if net_areas is None else sum_transitions(base, planned, net_areas, figures)[0]
    lost_m2, gained_m2 = _name_parts(statutory[place], ids), _name_parts(statutory[:, place], ids)
    lost_net_m2 = None if net is None else _name_parts(net[place], ids)
    columns = [TableColumn("name", width_in_characters=30), TableColumn("statutory", "ha"), TableColumn("net", "ha")]
    table = ReportTable("cultivated_balance", columns, unit="ha")

    def add_row(code: str, area_m2: float, net_m2: float | None, kind: str = "row") -> None:
        """Add a row with areas in ha."""
        table.rows.append(
            ReportTableRow(
                [
                    figures.texts.get("office_tables", f"balance_{code}"),
                    make_hectares(area_m2),
                    make_hectares(net_m2),
                ],
                kind,
                code,
            )
        )

    add_row("before", statutory[place].sum(), None if net is None else net[place].sum())
    add_row("lost", sum(lost_m2.values()), None if lost_net_m2 is None else sum(lost_net_m2.values()))
    for key, area_m2 in lost_m2.items():
        add_row(f"lost_{key}", area_m2, None if lost_net_m2 is None else lost_net_m2[key], "part")
    add_row("gained", sum(gained_m2.values()), None)
    for key, area_m2 in gained_m2.items():
        add_row(f"gained_{key}", area_m2, None, "part")
    add_row("after", float(statutory[:, place].sum()), None)
    # Land exchanged under 占补平衡 is construction land and other land.
    add_row("supplement_balance", sum(gained_m2[one] - lost_m2[one] for one in ("construction", "other")), None)
    add_row("exchange_balance", gained_m2["agricultural"] - lost_m2["agricultural"], None)
    add_row("unified_balance", sum(gained_m2.values()) - sum(lost_m2.values()), None)
    table.notes.append(
        figures.texts.get(
            "office_tables",
            "balance_note",
            base=figures.make_layer_label(base),
            planned=figures.make_layer_label(planned),
        )
    )
    return table


def _name_parts(areas_m2: NDArray, group_ids: list[str]) -> dict[str, float]:
    """Return kind of land → area (m²) exchanged with cultivated land: construction, other agricultural, other land.

    ``areas_m2``: a row (or a column) of the transitions; unchanged cultivated land is left out.
    """
    kinds = {"construction": "construction", **dict.fromkeys(AGRICULTURAL_GROUPS, "agricultural")}
    parts = {"construction": 0.0, "agricultural": 0.0, "other": 0.0}
    # Behind the areas of the groups are those of unknown land.
    unknown_count = len(areas_m2) - len(group_ids)
    for group, area_m2 in zip([*group_ids, *[""] * unknown_count], areas_m2.tolist(), strict=True):
        if group != _CULTIVATED:
            parts[kinds.get(group, "other")] += area_m2
    return parts


def make_farmland_changes_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the farmland moved out and in between the sealed edition and the plan, statutory and net, by township.

    The last row is the balance of the whole county. None without a sealed edition or without farmland in one of them.
    """
    comparison = compare_with_baseline(figures.ctx, "farmland")
    if comparison is None:
        return None
    texts = figures.texts
    table = ReportTable(
        "farmland_changes",
        [
            TableColumn("name", width_in_characters=20),
            *[TableColumn(f"{term}_{basis}", "ha", term) for basis in (STATUTORY_BASIS, NET_BASIS) for term in TERMS],
        ],
        unit="ha",
    )

    def make_cells(balances: list[AreaBalance | None]) -> list[CellValue]:
        """Return the terms of the balances on both bases in ha; None for a basis that the editions do not have."""
        return [
            None
            if balance is None
            # Land with another area than before, or in other numbers of rows, is “other”.
            else make_hectares(balance.revalued + balance.doubled if term == "other" else getattr(balance, term))
            for balance in balances
            for term in TERMS
        ]

    for township in comparison.balance_by_township[STATUTORY_BASIS]:
        balances = [
            comparison.balance_by_township.get(basis, {}).get(township) for basis in (STATUTORY_BASIS, NET_BASIS)
        ]
        table.rows.append(
            ReportTableRow(
                [township or texts.get("tables", "outside"), *make_cells(balances)], "row", township or "outside"
            )
        )
    totals = [comparison.balance_by_basis.get(basis) for basis in (STATUTORY_BASIS, NET_BASIS)]
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), *make_cells(totals)], "sum", ""))
    layers = comparison.earlier_edition.layer, comparison.later_edition.layer
    labels = dict(zip(("before", "after"), (figures.make_layer_label(layer) for layer in layers), strict=True))
    table.notes.append(texts.get("office_tables", "farmland_changes_note", **labels))
    if totals[1] is None:
        table.notes.append(texts.get("office_tables", "farmland_no_net", **labels))
    if any(comparison.without_net):
        counts = dict(zip(("before", "after"), map(str, comparison.without_net), strict=True))
        table.notes.append(texts.get("office_tables", "farmland_without_net", **counts))
    return table


@dataclass
class PlanFigures:
    """The figures of a plan: indicators, the report of the rules on conflicts, and the tables built so far.

    ``conflict_rules``: codes of the rules with the listed findings; ``report``: None if no table lists findings.
    """

    indicators: PlanIndicators
    report: Report | None = None
    conflict_rules: Collection[str] = ()
    _layout: TableLayout | None = None
    _tables: dict[str, ReportTable | None] = field(default_factory=dict)

    def get_table(self, table_id: str) -> ReportTable | None:
        """Return a figure table by its id; None if the data do not have its layers."""
        if table_id not in self._tables:
            self.indicators.ctx.cancellation.raise_if_cancelled()
            build, build_list = FIGURE_TABLES[table_id].build, FIGURE_TABLES[table_id].build_list
            if build is not None:
                table = build(self.indicators)
            elif build_list is not None and self._layout is not None:
                table = build_list(self.indicators, self._layout)
            elif self.report is not None:
                table = make_conflict_table(self.indicators, self.report, self.conflict_rules)
            else:
                table = None
            self._tables[table_id] = table
        return self._tables[table_id]

    def select_layout(self, layout: TableLayout) -> None:
        """Choose the layout whose findings or features the next table lists."""
        self.conflict_rules, self._layout = layout.rules, layout
        self._tables = {one: table for one, table in self._tables.items() if FIGURE_TABLES[one].build is not None}

    def explain_missing(self, table_id: str) -> str:
        """Return the sentence on why a figure table is missing."""
        if (
            table_id in ("farmland_changes", SUPPLEMENTED)
            and get_sealed_edition(self.indicators.ctx.side_inputs) is None
        ):
            return self.indicators.texts.get("office_tables", "no_baseline")
        if table_id == FEATURES and self._layout is not None:
            return self.indicators.format_missing_layers(get_list_block(self._layout).layers)
        return self.indicators.format_missing_layers(FIGURE_TABLES[table_id].layers)


@dataclass(frozen=True)
class FigureTable:
    """How a figure table is built: its function, the column with names of rows, and the concepts of its layers.

    ``build``: None for the list of conflicts, which a report gives, and for lists of features;
    ``columns``: ids of its columns; an id may have any end in place of ``*``; ``build_list``: makes a list of features
    with the columns of a layout.
    """

    build: Callable[[PlanIndicators], ReportTable | None] | None
    name_column: str
    layers: tuple[str, ...]
    columns: tuple[str, ...]
    build_list: Callable[[PlanIndicators, TableLayout], ReportTable | None] | None = None


def may_have_column(table_id: str, column_id: str) -> bool:
    """Return True if a figure table may have a column, or columns that begin as ``column_id`` before its ``*``."""
    return any(
        column_id == known
        or (known.endswith(WILDCARD) and column_id.startswith(known[:-1]))
        or (column_id.endswith(WILDCARD) and known.startswith(column_id[:-1]))
        for known in FIGURE_TABLES[table_id].columns
    )


#: Figure tables by id.
FIGURE_TABLES = {
    "lines": FigureTable(make_line_table, "line", ("farmland", "red_line", "boundary"), _LINE_COLUMNS),
    "spaces": FigureTable(
        make_space_table, "space", ("zones",), ("space", "features", "statutory_km2", "statutory", "county_share")
    ),
    "zones": FigureTable(
        make_zone_table, "zone", ("zones",), ("code", "zone", "features", "statutory", "share", "stored")
    ),
    "townships": FigureTable(
        make_township_table, "township", ("townships",),
        ("division_code", "township", "land", "cultivated_*", "farmland_*", "red_line_*", "boundary_*", "heritage_*",
         "zone_*"),
    ),
    "land_use": FigureTable(
        make_land_use_table, "class", ("base_parcels", "GHYDYH"),
        ("class", "codes", *COMPARED_COLUMNS),
    ),
    "use_structure": FigureTable(
        make_structure_table, "name", ("base_parcels", "GHYDYH"), ("name", "codes", *COMPARED_COLUMNS)
    ),
    "use_summary": FigureTable(
        make_class_table, "name", ("GHYDYH", "base_parcels"), ("level_1", "level_2", "name", "area", "share")
    ),
    "centre_use": FigureTable(
        make_centre_table, "name", CENTRE_LAYERS, ("name", "code", *COMPARED_COLUMNS[:-1], "per_capita")
    ),
    "zone_lines": FigureTable(
        make_zone_line_table, "name", ("zones", *LINES_BY_ZONE),
        ("name", *(f"{line}_{basis}" for line in LINES_BY_ZONE for basis in (STATUTORY_BASIS, NET_BASIS))),
    ),
    "township_targets": FigureTable(
        make_township_target_table, "name", ("townships",), ("name", *(concept for concept, _ in AREA_FIGURES.values()))
    ),
    FEATURES: FigureTable(None, "name", (), (STATUTORY, NET, TOWNSHIP, WILDCARD), make_feature_table),
    SUPPLEMENTED: FigureTable(
        None, "name", ("farmland",), (STATUTORY, NET, TOWNSHIP, WILDCARD), make_supplement_table
    ),
    "zone_use": FigureTable(make_zone_use_table, "name", ("zones", "base_parcels"), ("name", "statutory", "use_*")),
    "line_use": FigureTable(make_line_use_table, "name", ("base_parcels",), ("name", "statutory", "use_*")),
    "farmland_changes": FigureTable(
        make_farmland_changes_table, "name", ("farmland",),
        ("name", *(f"{term}_{basis}" for basis in (STATUTORY_BASIS, NET_BASIS) for term in TERMS)),
    ),
    "cultivated_balance": FigureTable(
        make_cultivated_balance_table, "name", ("base_parcels", "GHYDYH"), ("name", "statutory", "net")
    ),
    "conflicts": FigureTable(
        None, "name", ("farmland", "red_line", "boundary"),
        ("name", "code", "severity", "layer", "key", "related_layer", "related_key", "area", "net", "width", "township",
         "problem", "state"),
    ),
}  # fmt: skip


def make_conflict_table(figures: PlanIndicators, report: Report, rules: Collection[str]) -> ReportTable:
    """Return the findings of rules on control lines, one row each, with the sum of their areas.

    Rules that could not run are named in the notes with their reason.
    """
    texts, report_texts = figures.texts, ReportTexts(figures.texts.lang)
    layer_names = {role: one.name for role, one in figures.ctx.norm.standard.templates.items()}
    states = [texts.get("office_tables", key) for key in ("state_open", "state_waived")]

    def describe_problem(finding: Finding) -> str:
        """Return which layers overlap: one rule finds several pairs."""
        names = [layer_names.get(role, role) for role in (finding.role, finding.related_role)]
        return texts.get("office_tables", "conflict_problem", layer=names[0], related=names[1])

    # Small areas and widths are kept, so that areas sum to the total. An item is (number, finding).
    columns = [
        TableColumn(
            "name",
            width_in_characters=14,
            value=lambda one: texts.get("office_tables", "conflict_name", number=str(one[0])),
        ),
        TableColumn("code", value=lambda one: one[1].code),
        TableColumn("severity", value=lambda one: report_texts.get_text_or_key("severity", str(one[1].severity or ""))),
        TableColumn("layer", value=lambda one: layer_names.get(one[1].role, one[1].role)),
        TableColumn("key", value=lambda one: one[1].key),
        TableColumn("related_layer", value=lambda one: layer_names.get(one[1].related_role, one[1].related_role)),
        TableColumn("related_key", value=lambda one: "、".join(one[1].related_keys)),
        TableColumn("area", "m2", value=lambda one: _make_number(one[1].area_m2)),
        TableColumn("net", "m2", value=lambda one: _make_number(one[1].net_area_m2)),
        TableColumn("width", "m", value=lambda one: _make_number(one[1].width_m)),
        TableColumn("township", value=lambda one: one[1].township),
        TableColumn("problem", value=lambda one: describe_problem(one[1])),
        TableColumn("state", value=lambda one: states[one[1].state == "waived"]),
    ]
    order = list(Severity)
    found = [finding for finding in report.findings if finding.code in rules]
    found.sort(key=lambda one: order.index(one.severity or Severity.INFO))
    table = make_table("conflicts", columns, enumerate(found, 1), lambda one: str(one[0]), unit="m2")
    if not found:
        none = texts.get("office_tables", "no_conflict")
        table.rows.append(ReportTableRow([none if one.id == "problem" else "" for one in columns], "row", "none"))
    cells: dict[str, CellValue] = {"name": texts.get("tables", "sum")}
    for name, attribute in (("area", "area_m2"), ("net", "net_area_m2")):
        known = [value for finding in found if (value := getattr(finding, attribute)) is not None]
        # Rows without any value have no sum.
        cells[name] = _make_number(sum(known) if known or not found else None)
    table.rows.append(ReportTableRow([cells.get(one.id, "") for one in columns], "sum", ""))
    table.notes.append(texts.get("office_tables", "conflicts_note", rules="、".join(rules), count=str(len(found))))
    table.notes += [
        texts.get("office_tables", "rule_not_run", rule=outcome.code, title=outcome.title, why=outcome.reason)
        for outcome in report.rules
        if outcome.code in rules and (outcome.incomplete or outcome.outcome in (Outcome.SKIPPED, Outcome.CRASHED))
    ]
    return table


def _make_number(value: float | None) -> CellValue:
    """Return an area (m²) or a width (m) as a cell."""
    return None if value is None else TableNumber(float(value), 2)
