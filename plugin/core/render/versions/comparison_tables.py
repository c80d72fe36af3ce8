# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a comparison: area balance, townships, changed pieces.

The column for the cause of a change is left empty for a person to fill in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

from ....metadata import read_plugin_version
from ...base.files.writing import write_atomically
from ...base.placeholders import join_first
from ...engine.provenance import find_county_name
from ...standard.messages.finding_message import describe_unread
from ...standard.messages.numbers import format_number, format_width
from ...standard.messages.texts import Texts
from ..document.blocks import Document
from ..document.table_document import make_table_document
from ..tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableColumn,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from .baseline import PlanComparison
from .edition_comparison import (
    CHANGE_KINDS,
    CHANGED_KIND,
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    NET_BASIS,
    STATUTORY_BASIS,
    AreaBalance,
    ChangedPiece,
    VersionComparison,
)

#: Terms of the balance in order; terms without a sign do not belong to the sum.
BALANCE_TERMS = ("before", "moved_out", "moved_in", "changed", "revalued", "doubled", "after")
_MAX_NAMES = 20


def get_comparison_verdict(comparison: PlanComparison, texts: Texts) -> str:
    """Return the verdict of a comparison: 一致 (identical) or 不一致."""
    return texts.get("versions", "identical" if comparison.comparison.is_identical else "different")


def list_difference_sentences(comparison: PlanComparison, texts: Texts) -> list[str]:
    """Return sentences on how two editions differ, and on what could not be compared."""
    changes = comparison.comparison
    pieces_by_kind = {kind: changes.list_pieces_of_kind(kind) for kind in (MOVED_OUT_KIND, MOVED_IN_KIND, CHANGED_KIND)}
    fields = dict.fromkeys(name for piece in pieces_by_kind.pop(CHANGED_KIND) for name, _, _ in piece.value_changes)
    has_moved, (unmatched_before, unmatched_after) = any(pieces_by_kind.values()), changes.unmatched_counts
    # Each with whether it applies, the key of its text, and the parameters.
    possible_reasons: list[tuple[Any, str, dict[str, Any]]] = [
        *(
            (pieces, f"{kind}_parts", {"count": len(pieces), "area": format_number(changes.sum_area_m2(kind), 2)})
            for kind, pieces in pieces_by_kind.items()
        ),
        (
            changes.changed_row_count,
            "changed_rows",
            {
                "count": changes.changed_row_count,
                "fields": texts.get("words", "between_names").join(fields) or "-",
            },
        ),
        (changes.renumbered_rows, "renumbered", {"count": len(changes.renumbered_rows)}),
        (
            not has_moved and any(changes.unmatched_counts),
            "redrawn",
            {"before": unmatched_before, "after": unmatched_after},
        ),
        (changes.slivers, "slivers", {"count": len(changes.slivers), "area": format_number(changes.sliver_m2, 2)}),
        (
            changes.reused_keys,
            "reused",
            {"count": len(changes.reused_keys), "keys": join_some_names(changes.reused_keys, texts)},
        ),
        *(
            (names, key, {"fields": join_some_names(list(names), texts)})
            for key, names in (
                ("only_before", changes.compared_fields.fields_only_in_earlier),
                ("only_after", changes.compared_fields.fields_only_in_later),
            )
        ),
        (
            any(changes.without_net),
            "without_net",
            {"before": changes.without_net[0], "after": changes.without_net[1]},
        ),
        (changes.failed_pairs, "failed", {"count": len(changes.failed_pairs)}),
    ]
    reasons = [
        *_make_shift_reasons(comparison),
        *((key, params) for is_shown, key, params in possible_reasons if is_shown),
        *make_notes_on_repaired_or_lost_rows(changes, texts),
    ]
    unread = [describe_unread(texts, one) for one in comparison.plan.unread_data]
    return [*unread, *(texts.get("versions", key, **params) for key, params in reasons)]


def _make_shift_reasons(comparison: PlanComparison) -> list[tuple[str, dict[str, object]]]:
    """Return (text key, parameters) on a shift of the later edition as a whole; none without a shift."""
    shift = comparison.comparison.shift
    if shift is None:
        return []
    params = shift.make_texts()
    if not shift.is_removed:
        return [("shift_stated", params)]
    areas = {
        "rows": shift.rows_m2,
        "left": shift.left_m2,
        "moved_in": shift.moved_in_m2,
        "moved_out": shift.moved_out_m2,
    }
    return [
        ("shift_removed", {**params, "deviation": format_width(shift.deviation_m)}),
        ("shift_areas", {name: format_number(value, 2) for name, value in areas.items()}),
    ]


def make_notes_on_repaired_or_lost_rows(
    comparison: VersionComparison, texts: Texts, section: str = "versions"
) -> list[tuple[str, dict[str, Any]]]:
    """Return notes (text key, parameters) on rows compared by a repaired shape, or not compared at all.

    ``section``: section of the texts with the names of the editions.
    """
    return [
        (
            key,
            {
                "edition": texts.get(section, f"edition_{side}"),
                "layer": edition.layer.name,
                "count": len(rows),
                "keys": join_some_names(rows, texts),
            },
        )
        for side, edition in (("before", comparison.earlier_edition), ("after", comparison.later_edition))
        for key, rows in (("mended", edition.repaired_rows), ("shapeless", edition.rows_without_shape))
        if rows
    ]


def join_some_names(names: list[str], texts: Texts) -> str:
    """Return names joined by the comma of the language; of many names only the first ones."""
    return join_first(names, texts.get("words", "between_names"), limit=_MAX_NAMES)


def make_comparison_tables(comparison: PlanComparison, texts: Texts) -> list[ReportTable]:
    """Return all tables of a comparison that have rows."""

    def make_net_column(name: str, attribute: str, absent: str) -> TableColumn:
        # An edition without such land or without net areas has none.
        return TableColumn(
            name,
            "m2",
            width_in_characters=16,
            value=lambda item: (
                None
                if item[1].kind == absent or math.isnan(getattr(item[1], attribute))
                else getattr(item[1], attribute)
            ),
        )

    net_columns = [
        make_net_column("net_before", "net_before_m2", MOVED_IN_KIND),
        make_net_column("net_after", "net_after_m2", MOVED_OUT_KIND),
    ]
    columns = [
        TableColumn("number", width_in_characters=6, value=lambda item: str(item[0])),
        TableColumn("change_kind", width_in_characters=10, value=lambda item: texts.get("versions", item[1].kind)),
        TableColumn("township", width_in_characters=16, value=lambda item: item[1].township),
        TableColumn("before_key", width_in_characters=22, value=lambda item: get_piece_keys(comparison, item[1])[0]),
        TableColumn("after_key", width_in_characters=22, value=lambda item: get_piece_keys(comparison, item[1])[1]),
        TableColumn("statutory_area", "m2", width_in_characters=16, value=lambda item: item[1].area_m2),
        *(net_columns if NET_BASIS in comparison.comparison.balance_by_basis else ()),
        TableColumn("changes", width_in_characters=40, value=lambda item: format_changes(item[1], texts)),
        # Cause and document are left empty for a person to fill in.
        TableColumn("cause", width_in_characters=24, value=lambda item: None),
        TableColumn("document", width_in_characters=20, value=lambda item: None),
    ]
    pieces = sorted(
        comparison.comparison.changed_pieces, key=lambda piece: (CHANGE_KINDS.index(piece.kind), piece.township)
    )
    tables = [
        _make_balance_table(comparison, texts),
        _make_township_table(comparison, texts),
        make_table("versions_parts", columns, enumerate(pieces, 1), lambda item: item[1].kind, "m2"),
    ]
    return [table for table in tables if table is not None]


def list_shown_terms(terms: Iterable[str], balances: Iterable[AreaBalance]) -> list[str]:
    """Return the terms of area balances to print: those that are rarely present only where one is not zero.

    The printed terms of each balance lead from the area before to that after.
    """
    known, rare_terms = list(balances), ("revalued", "doubled")
    return [one for one in terms if one not in rare_terms or any(round(getattr(b, one), 2) for b in known)]


def _make_balance_table(comparison: PlanComparison, texts: Texts) -> ReportTable:
    """Return the table of the area balance, one term on each row."""
    version_comparison = comparison.comparison
    columns = [
        TableColumn("item", width_in_characters=30),
        *(TableColumn(f"{basis}_area", "m2", width_in_characters=22) for basis in version_comparison.balance_by_basis),
    ]
    balances = version_comparison.balance_by_basis.values()
    verdict = [texts.get("versions", "verdict"), get_comparison_verdict(comparison, texts)]
    kinds = {"before": "sum", "after": "sum", "changed": "part"}
    rows = [
        ReportTableRow([*verdict, *[None] * (len(columns) - 2)], "sum"),
        *(
            ReportTableRow(
                [texts.get("versions", term), *(make_table_number(getattr(one, term), "m2") for one in balances)],
                kinds.get(term, "row"),
                term,
            )
            for term in list_shown_terms(BALANCE_TERMS, balances)
        ),
    ]
    name = version_comparison.later_edition.layer.template.name
    edition_params = {"layer": name, "before": comparison.edition_names[0], "after": comparison.edition_names[1]}
    counts = {
        "old": len(version_comparison.earlier_edition),
        "new": len(version_comparison.later_edition),
        "equal": version_comparison.equal_count,
    }
    notes = [
        texts.get("versions", "editions", **edition_params, **counts),
        *list_difference_sentences(comparison, texts),
        texts.get("versions", "basis"),
        texts.get("versions", "made", time=datetime.now().strftime("%Y-%m-%d %H:%M"), version=read_plugin_version()),
    ]
    return ReportTable("versions", columns, rows, unit="m2", notes=notes)


def _make_township_table(comparison: PlanComparison, texts: Texts) -> ReportTable | None:
    """Return the table of area balances by township; None without townships."""
    version_comparison = comparison.comparison
    balance_by_name = version_comparison.balance_by_township[STATUTORY_BASIS]
    if set(balance_by_name) <= {""}:
        return None
    bases = [basis for basis in (STATUTORY_BASIS, NET_BASIS) if basis in version_comparison.balance_by_basis]
    balances = [version_comparison.balance_by_basis[basis] for basis in bases]
    balances += [one for basis in bases for one in version_comparison.balance_by_township[basis].values()]
    shown_terms = list(product(bases, list_shown_terms(BALANCE_TERMS, balances)))

    def make_row(name: str, balance_by_basis: Mapping[str, AreaBalance], kind: str, code: str) -> ReportTableRow:
        values = [
            make_table_number(getattr(balance_by_basis.get(basis, AreaBalance()), term), "m2")
            for basis, term in shown_terms
        ]
        return ReportTableRow([name, *values], kind, code)

    titles = [
        texts.get("versions", "of_basis", term=texts.get("versions", term), basis=texts.get("words", basis))
        for basis, term in shown_terms
    ]
    columns = [
        TableColumn("township", width_in_characters=22),
        *(TableColumn("_".join(one), "m2", title, 18) for one, title in zip(shown_terms, titles, strict=True)),
    ]
    by_township = version_comparison.balance_by_township
    rows = [
        make_row(
            name or texts.get("versions", "no_township"),
            {basis: by_township[basis][name] for basis in bases if name in by_township[basis]},
            "row",
            name,
        )
        for name in balance_by_name
    ]
    rows.append(make_row(texts.get("tables", "sum"), version_comparison.balance_by_basis, "sum", "sum"))
    return ReportTable("versions_townships", columns, rows, unit="m2")


def get_piece_keys(comparison: PlanComparison, piece: ChangedPiece) -> tuple[str, str]:
    """Return the keys (BSM) of a piece's rows in the earlier and the later edition, empty where missing."""
    version_comparison = comparison.comparison
    earlier_key = version_comparison.earlier_edition.layer.keys[piece.before_row] if piece.before_row >= 0 else ""
    return earlier_key, version_comparison.later_edition.layer.keys[piece.after_row] if piece.after_row >= 0 else ""


def format_changes(piece: ChangedPiece, texts: Texts) -> str:
    """Return the changed values of a piece, one field on each line: ``DLBM：0103 → 0101``."""
    empty = texts.get("versions", "empty")
    return "\n".join(f"{name}: {old or empty} → {new or empty}" for name, old, new in piece.value_changes)


def write_comparison_workbook(comparison: PlanComparison, target: str | Path, texts: Texts) -> None:
    """Write all tables of a comparison to an xlsx file.

    Raises OutputError if the file cannot be written.
    """
    with write_atomically(target) as path:
        layer = comparison.comparison.later_edition.layer.template.name if texts.lang == "zh" else f" {comparison.role}"
        write_tables_workbook(
            path,
            make_comparison_tables(comparison, texts),
            f"{find_county_name(comparison.plan)}{layer}",
            texts,
        )


def make_comparison_document(comparison: PlanComparison, texts: Texts) -> Document:
    """Return all tables of a comparison as a document to be signed."""
    layer = comparison.comparison.later_edition.layer.template.name if texts.lang == "zh" else comparison.role
    title = texts.get("document_titles", "comparison", layer=layer)
    tables = make_comparison_tables(comparison, texts)
    return make_table_document(tables, title, find_county_name(comparison.plan), texts)
