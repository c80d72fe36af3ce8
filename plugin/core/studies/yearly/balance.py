# SPDX-License-Identifier: GPL-2.0-or-later
"""Balance of a year's changes by layer, zone and township, in statutory m²."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, make_table_number
from ...render.versions.comparison_tables import join_some_names, make_notes_on_repaired_or_lost_rows
from ...render.versions.edition_comparison import (
    CHANGED_KIND,
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    STATUTORY_BASIS,
    AreaBalance,
)
from ...standard.messages.texts import Texts
from .maintenance import KIND_CODES, MaintainedLayer, YearlyUpdate

#: Tables show the area that touched parcels gained separately from ``revalued`` (by zone: from ``rest``).
_BALANCE_TERMS = ("before", "moved_out", "moved_in", "changed", "reshaped", "revalued", "doubled", "after")
_ZONE_TERMS = ("before", "moved_out", "changed_from", "moved_in", "changed_to", "reshaped", "rest", "after")


def sum_balance_terms_by_code(maintained_layer: MaintainedLayer) -> dict[str, dict[str, float]]:
    """Sum the statutory areas (m²) of a layer by the code of its compared field.

    Returns
    -------
    dict
        Code → term of the balance → m². before − moved_out − changed_from + moved_in + changed_to + rest = after. The
        term ``rest`` has areas that moved vertices add and land that two parcels claim; ``reshaped`` is the part of
        ``rest`` that touched parcels gained. Slivers are included, so that the codes add up to the layer. Empty for a
        layer without a compared field.
    """
    if not maintained_layer.layer_spec.compared_field:
        return {}
    layers = (maintained_layer.comparison.earlier_edition.layer, maintained_layer.comparison.later_edition.layer)
    old, new = (layer.get_texts_by_name(maintained_layer.layer_spec.compared_field) for layer in layers)
    terms = ("before", "moved_out", "moved_in", "changed_from", "changed_to", "reshaped", "rest", "after")
    sums = {code: dict.fromkeys(terms, 0.0) for code in sorted({*old, *new})}
    for layer, codes, term in zip(layers, (old, new), ("before", "after"), strict=True):
        for code, area_m2 in zip(codes, np.nan_to_num(layer.statutory).tolist(), strict=True):
            sums[code][term] += area_m2
    parts = [
        (part.kind, part.before_row, part.after_row, part.area_m2)
        for part in maintained_layer.comparison.changed_pieces
    ]
    for kind, earlier_row, later_row, area_m2 in (*parts, *maintained_layer.comparison.sliver_rows):
        if kind in (MOVED_OUT_KIND, CHANGED_KIND):
            sums[old[earlier_row]]["moved_out" if kind == MOVED_OUT_KIND else "changed_from"] += area_m2
        if kind in (MOVED_IN_KIND, CHANGED_KIND):
            sums[new[later_row]]["moved_in" if kind == MOVED_IN_KIND else "changed_to"] += area_m2
    for earlier_row, gained_m2 in maintained_layer.comparison.reshaped_m2_by_row.items():
        sums[old[earlier_row]]["reshaped"] += gained_m2
    for row in sums.values():
        gained_m2 = row["moved_in"] + row["changed_to"] - row["moved_out"] - row["changed_from"]
        row["rest"] = row["after"] - row["before"] - gained_m2
    return sums


def convert_balance_to_dict(update: YearlyUpdate) -> dict[str, Any]:
    """Return counts, areas and balances of each layer as a dictionary for JSON."""
    return {
        "year": update.year,
        "layers": [
            {
                "layer": one.role,
                "before": len(one.filed_rows),
                "before_m2": one.area_before_m2,
                "change": len(one.changes),
                "after": len(one.parcels_after_change),
                "after_m2": sum(piece.area_m2 for piece in one.parcels_after_change),
                "kinds": {
                    kind: {"code": code, "count": one.count_changes(kind), "area_m2": one.sum_area_m2(kind)}
                    for kind, code in KIND_CODES.items()
                },
                "balance": _get_values_by_term(one.comparison.balance_by_basis[STATUTORY_BASIS]),
                "zones": sum_balance_terms_by_code(one),
                "townships": {
                    township: _get_values_by_term(balance)
                    for township, balance in one.balance_by_township.items()
                    if township
                },
                "outside_townships": _get_values_by_term(one.balance_by_township.get("", AreaBalance())),
                "slivers_m2": one.comparison.sliver_m2,
                "not_maintained_m2": one.left_out,
            }
            for one in update.maintained_layers
        ],
        "passed_over": update.skip_reason_by_role,
    }


def _get_values_by_term(balance: AreaBalance) -> dict[str, float]:
    """Return term of the balance → statutory m²."""
    return {term: getattr(balance, term) for term in _BALANCE_TERMS}


def _subtract_reshaped(values: dict[str, float], whole_term: str) -> list[float]:
    """Return the terms as values of a table row, in which the gain of touched parcels is counted once.

    ``values``: term of the balance → m². The term ``whole_term`` includes this gain, which is subtracted from it.
    """
    return [value - values["reshaped"] if term == whole_term else value for term, value in values.items()]


def make_balance_tables(update: YearlyUpdate, texts: Texts) -> list[ReportTable]:
    """Return the balance as tables: by layer, by zone and by township."""
    table = _make_table("yearly_layers", ("layer", "code"), _BALANCE_TERMS, texts)
    table.rows = [
        _make_row(
            [_get_layer_name(update, one), one.role],
            _subtract_reshaped(_get_values_by_term(one.comparison.balance_by_basis[STATUTORY_BASIS]), "revalued"),
            one.role,
        )
        for one in update.maintained_layers
    ]
    table.notes = [*list_notes(update, texts), *table.notes]
    return [table, _make_zone_table(update, texts), _make_township_table(update, texts)]


def _make_table(name: str, heads: tuple[str, ...], terms: tuple[str, ...], texts: Texts) -> ReportTable:
    """Return an empty table with text columns ``heads`` and a column in m² for each term of the balance."""
    columns = [TableColumn(head, title=texts.get("yearly", head), width_in_characters=24) for head in heads]
    columns += [TableColumn(term, "m2", texts.get("yearly", term), 18) for term in terms]
    return ReportTable(name, columns, unit="m2", notes=[texts.get("yearly", "rounded")])


def summarise_layers(update: YearlyUpdate, texts: Texts) -> list[str]:
    """Return one sentence for each layer that changed."""
    messages = [
        texts.get(
            "yearly",
            "summary",
            layer=_get_layer_name(update, one),
            role=one.role,
            **{f"{kind}_count": str(one.count_changes(kind)) for kind in KIND_CODES},
            **{f"{kind}_area": f"{one.sum_area_m2(kind):.2f}" for kind in KIND_CODES},
        )
        for one in update.changed_layers
    ]
    return [*messages, texts.get("yearly", "causes")] if messages else []


def list_notes(update: YearlyUpdate, texts: Texts) -> list[str]:
    """Return notes on the balance: skipped layers, changes not written, slivers."""
    messages = [sentence for plan in (update.filed_plan, update.current_plan) for sentence in plan.describe_gaps(texts)]
    standard = update.current_plan.norm.standard
    compared_field_by_role = (
        {maintained_layer.role: maintained_layer.compared_field for maintained_layer in standard.maintenance.layers}
        if standard.maintenance
        else {}
    )
    for role, reason in update.skip_reason_by_role.items():
        # A layer that neither edition has is not a layer of this county.
        if reason != "in_neither":
            params = {"layer": standard.templates[role].name, "role": role, "field": compared_field_by_role[role]}
            # A layer that is unusable in both editions is reported with the reason of the edition in its text.
            plan = {"unusable_filed": update.filed_plan, "unusable_current": update.current_plan}.get(reason)
            if plan is not None:
                params["why"] = texts.format_problem(*plan.unusable_layers[role].problem_message)
            messages.append(texts.get("yearly", reason, **params))
    for one in update.maintained_layers:
        messages += _list_layer_notes(one, standard.templates[one.role].name, texts)
    if not any(one.balance_by_township for one in update.maintained_layers):
        messages.append(texts.get("yearly", "no_townships"))
    return messages


def _list_layer_notes(one: MaintainedLayer, name: str, texts: Texts) -> list[str]:
    """Return notes on a layer: shift, changes not written, slivers, added vertices, repeated keys."""
    messages: list[str] = []

    def add(key: str, **params: Any) -> None:
        messages.append(texts.get("yearly", key, **{"layer": name, "role": one.role, **params}))

    if one.comparison.shift is not None:
        add("shift", **one.comparison.shift.make_texts())
    for kind, area_m2 in one.left_out.items():
        add("left_out", kind=texts.get("versions", kind), area=f"{area_m2:.2f}")
    if one.comparison.slivers:
        add("slivers", count=str(len(one.comparison.slivers)), area=f"{one.comparison.sliver_m2:.2f}")
    # Parcels before the change have added vertices; the filed areas differ from the balance by this much. Below 0.01 m²
    # the difference is rounding.
    filed = one.comparison.earlier_edition.layer
    gained_m2 = one.area_before_m2 - float(np.nansum(filed.statutory[one.filed_rows]))
    if one.filed_layer is not None and round(gained_m2, 2):
        shapes = one.filed_layer.raw_shapes, filed.raw_shapes[one.filed_rows]
        vertices, filed_vertices = map(shapely.get_num_coordinates, shapes)
        add("nodes", count=str(int((vertices - filed_vertices).sum())), area=f"{gained_m2:.2f}")
    messages += [
        texts.get("versions", key, **params)
        for key, params in make_notes_on_repaired_or_lost_rows(one.comparison, texts, "yearly")
    ]
    # A key that several features of one edition share cannot identify the same parcel in the other edition.
    for side, edition in (("before", one.comparison.earlier_edition), ("after", one.comparison.later_edition)):
        often = [key for key, count in Counter(edition.layer.keys).items() if key and count > 1]
        if often:
            params = {"edition": texts.get("yearly", f"edition_{side}"), "layer": edition.layer.name}
            add("doubled_keys", **params, count=len(often), keys=join_some_names(often, texts))
    return messages


def _get_layer_name(update: YearlyUpdate, maintained_layer: MaintainedLayer) -> str:
    """Return the name of a layer as the standard has it."""
    return update.current_plan.norm.standard.templates[maintained_layer.role].name


def _make_zone_table(update: YearlyUpdate, texts: Texts) -> ReportTable:
    """Return the balance of each layer by code of its compared field, with sums."""
    table = _make_table("yearly_zones", ("layer", "zone", "zone_name"), _ZONE_TERMS, texts)
    standard = update.current_plan.norm.standard
    for one in update.maintained_layers:
        name = _get_layer_name(update, one)
        field = standard.templates[one.role].find_field_by_name(one.layer_spec.compared_field)
        code_list = standard.code_lists.get(field.codes) if field is not None else None
        rows = {
            code: _subtract_reshaped({term: row[term] for term in _ZONE_TERMS}, "rest")
            for code, row in sum_balance_terms_by_code(one).items()
        }
        for code, values in rows.items():
            entry = code_list.entry_by_code.get(code) if code_list is not None else None
            heads = [name, code or texts.get("versions", "empty"), entry.name if entry is not None else ""]
            table.rows.append(_make_row(heads, values, f"{one.role}/{code}"))
        if rows:
            total = [sum(values) for values in zip(*rows.values(), strict=True)]
            table.rows.append(_make_row([name, texts.get("tables", "sum"), ""], total, f"{one.role}/sum", "sum"))
    return table


def _make_township_table(update: YearlyUpdate, texts: Texts) -> ReportTable:
    """Return the balance of each layer by township, with sums."""
    table = _make_table("yearly_townships", ("layer", "township"), _BALANCE_TERMS, texts)
    for one in update.maintained_layers:
        name = _get_layer_name(update, one)
        rows = {
            township: _subtract_reshaped(_get_values_by_term(balance), "revalued")
            for township, balance in one.balance_by_township.items()
        }
        for township, values in rows.items():
            # A township in which all areas round to zero has no row.
            if any(round(value, 2) for value in values):
                heads = [name, township or texts.get("yearly", "no_township")]
                table.rows.append(_make_row(heads, values, f"{one.role}/{township}"))
        if rows:
            total = np.sum(list(rows.values()), axis=0).tolist()
            table.rows.append(_make_row([name, texts.get("tables", "sum")], total, f"{one.role}/sum", "sum"))
    return table


def _make_row(heads: Sequence[CellValue], values: list[float], key: str, kind: str = "row") -> ReportTableRow:
    """Return a table row of texts (``heads``) and areas in m² (``values``).

    ``key`` identifies it in the table.
    """
    return ReportTableRow([*heads, *(make_table_number(value, "m2") for value in values)], kind, key)
