# SPDX-License-Identifier: GPL-2.0-or-later
"""永久基本农田 that was occupied and supplemented (占用、补划) since the sealed edition, by township."""

from __future__ import annotations

from ..indicators.compute import PlanIndicators
from ..messages.numbers import DECIMALS_BY_UNIT
from ..model.indicator import SQUARE_METRES
from ..render.tables.model import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ..versions.baseline import compare_with_baseline
from ..versions.model import STATUTORY_BASIS, AreaBalance

#: Terms of the balance: before − moved_out + moved_in + other = after.
TERMS = ("before", "moved_out", "moved_in", "other", "after")
NET_BASIS = "net"
_SUM_CODE = ""


def make_farmland_changes_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the farmland moved out and in between the sealed edition and the plan, statutory and net, by township.

    The last row is the balance of the whole county. None without a sealed edition or without farmland in one of them.
    """
    comparison = compare_with_baseline(figures.ctx, "farmland")
    if comparison is None:
        return None
    texts = figures.texts
    columns = [TableColumn("name", width_in_characters=20)]
    columns += [TableColumn(f"{term}_{basis}", "ha", term) for basis in (STATUTORY_BASIS, NET_BASIS) for term in TERMS]
    table = ReportTable("farmland_changes", columns, unit="ha")
    for township in comparison.balance_by_township[STATUTORY_BASIS]:
        balances = [
            comparison.balance_by_township.get(basis, {}).get(township) for basis in (STATUTORY_BASIS, NET_BASIS)
        ]
        name = township or texts.get("tables", "outside")
        table.rows.append(ReportTableRow([name, *_make_cells(balances)], "row", township or "outside"))
    totals = [comparison.balance_by_basis.get(basis) for basis in (STATUTORY_BASIS, NET_BASIS)]
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), *_make_cells(totals)], "sum", _SUM_CODE))
    layers = comparison.earlier_edition.layer, comparison.later_edition.layer
    labels = dict(zip(("before", "after"), (figures.make_layer_label(layer) for layer in layers), strict=True))
    table.notes.append(texts.get("office_tables", "farmland_changes_note", **labels))
    if totals[1] is None:
        table.notes.append(texts.get("office_tables", "farmland_no_net", **labels))
    if any(comparison.without_net):
        counts = dict(zip(("before", "after"), map(str, comparison.without_net), strict=True))
        table.notes.append(texts.get("office_tables", "farmland_without_net", **counts))
    return table


def _make_cells(balances: list[AreaBalance | None]) -> list[CellValue]:
    """Return the terms of the balances on both bases in ha; None for a basis that the editions do not have."""
    return [
        None if balance is None else TableNumber(_get_term(balance, term) / SQUARE_METRES["ha"], DECIMALS_BY_UNIT["ha"])
        for balance in balances
        for term in TERMS
    ]


def _get_term(balance: AreaBalance, term: str) -> float:
    """Return a term of a balance, m². Land with another area than before, or in other numbers of rows, is “other”."""
    return balance.revalued + balance.doubled if term == "other" else float(getattr(balance, term))
