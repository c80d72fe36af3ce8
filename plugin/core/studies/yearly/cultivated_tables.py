# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and layer of a year's changes of cultivated land: by survey, by certificate, and the difference.

A figure by certificate never replaces one by survey. What the county did not give is 未提供, what cannot be decided
is 未能判定; neither is 0.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.provenance import find_county_name
from ...render.document.blocks import Document
from ...render.document.table_document import make_table_document
from ...render.outputs import write_polygon_layer
from ...render.tables.report_table import (
    ReportTable,
    TableColumn,
    make_record,
    make_row,
    make_table,
    write_tables_workbook,
)
from ...render.versions.comparison_tables import join_some_names, make_notes_on_repaired_or_lost_rows
from ...render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND
from ...standard.messages.texts import Texts, format_number
from .cultivated_result import (
    CERTIFICATE_OF_KIND,
    EXCHANGE,
    SUPPLEMENT,
    UNCOUNTED,
    Certificate,
    CultivatedChange,
    CultivatedResult,
    CultivatedSums,
)

LAYER_NAME, _SECTION = "cultivated_changes", "cultivated"
_KINDS, _ACCOUNTS = (MOVED_OUT_KIND, MOVED_IN_KIND), (SUPPLEMENT, EXCHANGE, UNCOUNTED, "")
#: Balances and the accounts of their changes: one (一本账), or 占补平衡 and 进出平衡 apart.
_UNIFIED = {"unified_balance": (SUPPLEMENT, EXCHANGE)}
_SEPARATE = {"supplement_balance": (SUPPLEMENT,), "exchange_balance": (EXCHANGE,)}
_CLASS_HEADS = ("township", "change_kind", "class_before", "class_after", "cause")
#: Less land (m²) of two parcels is rounding.
_LEAST_OVERLAP_M2 = 0.005
_TextOfChange = Callable[[CultivatedChange], str]


@dataclass
class ChangeGroup:
    """Changes with common values of a table's first columns."""

    heads: tuple[str, ...]
    changes: list[CultivatedChange] = field(default_factory=list)

    def sum_measure(self, measure: str, selects: Callable[[CultivatedChange], bool] = lambda one: True) -> float:
        """Return the sum of an area (m²) of the selected changes; NaN if one is unknown."""
        return sum((getattr(one, measure) for one in self.changes if selects(one)), 0.0)

    def sum_stable_m2(self) -> float | None:
        """Return the net area (m²) of 稳定耕地; None if no change has the field."""
        has_field = not self.changes or any(one.is_stable is not None for one in self.changes)
        return self.sum_measure("net_m2", lambda one: one.is_stable is True) if has_field else None

    def sum_unknown_m2(self) -> float:
        """Return the net area (m²) of changes without the field of 稳定耕地."""
        return self.sum_measure("net_m2", lambda one: one.is_stable is None)


@dataclass
class TownshipLine:
    """A row of the table of townships.

    ``sums``: of both surveys, None for certificates that are of no single township; ``certified``: kind of certificate
    → area (m²), None if not given, NaN if undecided.
    """

    name: str
    changes: list[CultivatedChange]
    sums: CultivatedSums | None
    certified: dict[str, float | None]

    def sum_net_m2(self, kind: str, accounts: Iterable[str] = _ACCOUNTS) -> float:
        """Return the net area (m²) of a kind of changes by survey in some accounts."""
        return sum((one.net_m2 for one in self.changes if one.kind == kind and one.account in accounts), 0.0)

    def sum_balance_m2(self, accounts: Iterable[str] = _ACCOUNTS) -> float:
        """Return gained minus lost net area (m²) by survey in some accounts."""
        return self.sum_net_m2(MOVED_IN_KIND, accounts) - self.sum_net_m2(MOVED_OUT_KIND, accounts)

    def compute_difference_m2(self, kind: str) -> float:
        """Return construction and supplement by survey minus the area of certificates (m²); NaN without them."""
        certified = self.certified[CERTIFICATE_OF_KIND[kind]]
        return np.nan if certified is None else self.sum_net_m2(kind, (SUPPLEMENT,)) - certified


class CultivatedTables:
    """Makes the tables and the layer of a result in the language of ``texts``."""

    def __init__(self, result: CultivatedResult, texts: Texts):
        self.result, self.texts = result, texts
        no_township = texts.get("versions", "no_township")
        #: Head of a column → function that returns its text of a change.
        self._text_by_head: dict[str, _TextOfChange] = {
            "change_kind": lambda one: self.get(one.kind),
            "township": lambda one: one.township or no_township,
            "before_key": lambda one: one.before_key,
            "after_key": lambda one: one.after_key,
            "class_before": lambda one: one.before_class or self.get("no_parcel"),
            "class_after": lambda one: one.after_class or self.get("no_parcel"),
            "cause": self._name_cause,
            "account": self._name_account,
            "stable": lambda one: self.get({True: "yes", False: "no", None: "not_given"}[one.is_stable]),
            "certificates": lambda one: texts.get("words", "between_names").join(one.certificates),
        }

    def get(self, key: str, **params: Any) -> str:
        """Return a text."""
        return self.texts.get(_SECTION, key, **params)

    def show(self, value: float | None) -> float | str:
        """Return an area as it is printed: 未提供 if the county did not give it, 未能判定 if it cannot be decided."""
        if value is None:
            return self.get("not_given")
        return self.get("undetermined") if math.isnan(value) else value

    def _name_cause(self, change: CultivatedChange) -> str:
        """Return the cause by the table of causes; 未能判定 for a pair that it lacks."""
        if change.cause is None:
            return self.get("undetermined")
        return change.cause.name if self.texts.lang == "zh" else change.cause.name_en

    def _name_account(self, change: CultivatedChange) -> str:
        """Return the balance that a change counts in, by the form of the year."""
        if change.account in (SUPPLEMENT, EXCHANGE) and self.result.is_unified:
            return self.get("unified")
        return self.get(change.account or "undetermined")

    def _make_text(self, key: str, width: int, get_text: Callable[[Any], str]) -> TableColumn:
        """Return a column of texts."""
        return TableColumn(key, title=self.get(key), width_in_characters=width, key=key, value=get_text)

    def _make_area(self, key: str, get_value: Callable[[Any], float | None]) -> TableColumn:
        """Return a column of areas, in which readers see why an area is missing."""

        def get_number(item: Any) -> float | None:
            value = get_value(item)
            return None if value is None or math.isnan(value) else value

        return TableColumn(key, "m2", self.get(key), 16, key, get_number, lambda item: self.show(get_value(item)))

    def make_tables(self) -> list[ReportTable]:
        """Return all tables in order."""
        changes, columns = self.result.changes, self.make_parcel_columns()
        unmatched = [one for one in changes if one.cause is None]
        notes = [self.get("parcels_note")]
        return [
            *self._make_township_tables(),
            self._make_group_table("causes", changes, "township", "change_kind", "cause", "account"),
            self._make_group_table("classes", changes, *_CLASS_HEADS),
            self._make_group_table("unmatched", unmatched, *_CLASS_HEADS[:-1]),
            self._make_certificate_table(),
            make_table("cultivated_parcels", columns, changes, lambda one: str(one.number), "m2", notes),
        ]

    def _make_group_table(self, name: str, changes: Sequence[CultivatedChange], *heads: str) -> ReportTable:
        """Return the sums of changes by the values of the first columns (``heads``), and by kind in total."""
        groups: dict[tuple[str, ...], ChangeGroup] = {}
        for one in changes:
            values = tuple(self._text_by_head[head](one) for head in heads)
            groups.setdefault(values, ChangeGroup(values)).changes.append(one)
        columns = [
            *(self._make_text(head, 18, lambda one, n=n: one.heads[n]) for n, head in enumerate(heads)),  # type: ignore[misc]
            TableColumn("parcel_count", "count", self.get("parcel_count"), 8, value=lambda one: len(one.changes)),
            *(
                self._make_area(key, lambda one, key=key: one.sum_measure(key))  # type: ignore[misc]
                for key in ("area_m2", "net_m2", "ridge_m2")
            ),
            self._make_area("stable_m2", ChangeGroup.sum_stable_m2),
            self._make_area("unknown_m2", ChangeGroup.sum_unknown_m2),
        ]
        rows, note = groups.values(), self.get(f"{name}_table")
        table = make_table(f"cultivated_{name}", columns, rows, lambda one: "/".join(one.heads), "m2", [note])
        for kind in _KINDS:
            titles = (self.texts.get("tables", "sum"), self.get(kind), *[""] * (len(heads) - 2))
            total = ChangeGroup(titles, [one for one in changes if one.kind == kind])
            table.rows.append(make_row(columns, total, "sum", f"sum/{kind}"))
        return table

    def _make_township_tables(self) -> list[ReportTable]:
        """Return survey, its accounts, and certificates with the difference, each by township.

        Certificates of several townships have a row.
        """
        result = self.result
        of_township: defaultdict[str, list[CultivatedChange]] = defaultdict(list)
        for change in result.changes:
            of_township[change.township].append(change)
        lines = [
            TownshipLine(
                name or self.texts.get("versions", "no_township"),
                of_township[name],
                sums,
                self._sum_certificates(partial(_decide_area, township=name)),
            )
            for name, sums in result.sums_by_township.items()
            if name or any(sums) or of_township[name]
        ]
        items = [one for found in result.certificates.values() if found is not None for one in found.items]
        if any(len(one.townships) != 1 for one in items):
            several = self._sum_certificates(lambda one: one.cultivated_m2 if len(one.townships) != 1 else 0.0)
            lines.append(TownshipLine(self.get("several_townships"), [], None, several))
        whole = CultivatedSums(*(sum(values) for values in zip(*result.sums_by_township.values(), strict=True)))
        certified = self._sum_certificates(lambda one: one.cultivated_m2)
        total = TownshipLine(self.texts.get("tables", "sum"), result.changes, whole, certified)
        tables: list[ReportTable] = []
        for name, columns in self._make_township_columns().items():
            # Certificates of several townships have no figures by survey.
            shown = [one for one in lines if one.sums is not None or name == "comparison"]
            notes = self.list_notes() if not tables else []
            table = make_table(f"cultivated_{name}", columns, shown, lambda one: one.name, "m2", notes)
            table.rows.append(make_row(columns, total, "sum", "sum"))
            tables.append(table)
        return tables

    def _sum_certificates(self, get_area: Callable[[Certificate], float]) -> dict[str, float | None]:
        """Return kind of certificate → sum of the areas (m²); None if the county gave none."""
        return {
            kind: None if found is None else sum(map(get_area, found.items), 0.0)
            for kind, found in self.result.certificates.items()
        }

    def _make_township_columns(self) -> dict[str, list[TableColumn]]:
        """Return table → its columns: by survey, by account, and the survey against certificates."""

        def make_survey(key: str, get_value: Callable[[TownshipLine], float]) -> TableColumn:
            """Return a column that is empty in the row of certificates of several townships."""
            return TableColumn(
                key, "m2", self.get(key), 15, value=lambda line: "" if line.sums is None else self.show(get_value(line))
            )

        def compute_other(line: TownshipLine) -> float:
            """Return what changes of parcels do not explain, such as another deduction rate."""
            return line.sums.after_m2 - line.sums.before_m2 - line.sum_balance_m2() if line.sums else np.nan

        balances = _UNIFIED if self.result.is_unified else _SEPARATE
        township = self._make_text("township", 20, lambda line: line.name)
        by_account = {
            (account, kind): make_survey(
                f"{account or 'unmatched'}_{kind}", partial(TownshipLine.sum_net_m2, kind=kind, accounts=(account,))
            )
            for account in _ACCOUNTS
            for kind in _KINDS
        }
        comparison = [township]
        for kind in _KINDS:
            certificate = CERTIFICATE_OF_KIND[kind]
            comparison += [
                by_account[SUPPLEMENT, kind],
                self._make_area(f"certified_{certificate}", lambda line, key=certificate: line.certified[key]),  # type: ignore[misc]
                make_survey(f"difference_{kind}", partial(TownshipLine.compute_difference_m2, kind=kind)),
            ]
        return {
            "townships": [
                township,
                make_survey("survey_before", lambda line: line.sums.before_m2 if line.sums else np.nan),
                make_survey("survey_out", partial(TownshipLine.sum_net_m2, kind=MOVED_OUT_KIND)),
                make_survey("survey_in", partial(TownshipLine.sum_net_m2, kind=MOVED_IN_KIND)),
                make_survey("survey_other", compute_other),
                make_survey("survey_after", lambda line: line.sums.after_m2 if line.sums else np.nan),
            ],
            "accounts": [
                township,
                *by_account.values(),
                *(
                    make_survey(key, partial(TownshipLine.sum_balance_m2, accounts=accounts))
                    for key, accounts in balances.items()
                ),
            ],
            "comparison": comparison,
        }

    def _make_certificate_table(self) -> ReportTable:
        """Return each certificate with what it states, the survey's changes inside it, and the difference."""
        listed = [(kind, one) for kind, found in self.result.certificates.items() if found for one in found.items]
        no_township, separator = self.texts.get("versions", "no_township"), self.texts.get("words", "between_names")

        def get_survey(item: tuple[str, Certificate]) -> float:
            return np.nan if item[1].survey_m2 is None else item[1].survey_m2

        def join_townships(item: tuple[str, Certificate]) -> str:
            return separator.join(name or no_township for name in item[1].townships) or self.get("undetermined")

        columns = [
            self._make_text("certificate_kind", 14, lambda item: self.get(item[0])),
            self._make_text("certificate", 26, lambda item: item[1].number),
            self._make_text("township", 24, join_townships),
            self._make_area("certificate_m2", lambda item: item[1].cultivated_m2),
            self._make_area("survey_inside_m2", get_survey),
            self._make_area("certificate_difference", lambda item: get_survey(item) - item[1].cultivated_m2),
        ]
        notes = [*self._list_missing(), self.get("certificates_note")]
        return make_table("cultivated_certificates", columns, listed, lambda item: item[1].number, "m2", notes)

    def _list_missing(self) -> list[str]:
        """Return a sentence for each kind of certificates that the county did not give."""
        return [self.get(f"none_{kind}") for kind, found in self.result.certificates.items() if found is None]

    def make_parcel_columns(self) -> list[TableColumn]:
        """Return the columns of the parcels, of the sheet and the layer."""

        def get_certified(change: CultivatedChange) -> float | None:
            """Return the area inside certificates: None if none were given, NaN if they have no shapes."""
            is_given = self.result.certificates[CERTIFICATE_OF_KIND[change.kind]] is not None
            return np.nan if is_given and change.certified_m2 is None else change.certified_m2

        def compute_difference(change: CultivatedChange) -> float:
            return np.nan if change.certified_m2 is None else change.area_m2 - change.certified_m2

        def make_text(key: str, width: int) -> TableColumn:
            return self._make_text(key, width, self._text_by_head[key])

        return [
            TableColumn("number", "count", self.get("number"), 6, "number"),
            make_text("change_kind", 8),
            make_text("township", 14),
            *(make_text(key, 20) for key in ("before_key", "after_key")),
            *(make_text(key, 18) for key in ("class_before", "class_after", "cause")),
            *(make_text(key, 12) for key in ("account", "stable")),
            self._make_area("area_m2", lambda one: one.area_m2),
            self._make_area("net_m2", lambda one: one.net_m2),
            self._make_area("ridge_m2", lambda one: one.ridge_m2),
            self._make_area("certified_m2", get_certified),
            self._make_area("difference_m2", compute_difference),
            make_text("certificates", 26),
        ]

    def list_notes(self) -> list[str]:
        """Return sentences on bases, the form of the balance, missing data, and what was left out."""
        result, texts = self.result, self.texts
        before, after = (layer.source.full_name for layer in result.layers)
        form = "one_balance" if result.is_unified else "two_balances"
        marks = sorted({one.cause.mark for one in result.changes if one.cause})
        notes = [
            self.get("bases", before=before, after=after),
            self.get(form, year=result.year, first=result.unified_from),
            self.get("causes_note", file=result.causes_file, marks=" ".join(marks) or "—"),
            self.get("certificates_basis"),
            *self._list_missing(),
            *self._describe_certificates(),
        ]
        if not any(result.sums_by_township):
            notes.append(self.get("no_townships"))
        if result.unlisted[0]:
            notes.append(self.get("unlisted", count=result.unlisted[0], area=self._format_area(result.unlisted[1])))
        for side, overlap_m2 in zip(("before", "after"), result.overlap_m2, strict=True):
            if overlap_m2 >= _LEAST_OVERLAP_M2:
                area = format_number(overlap_m2, 2)
                notes.append(self.get("overlap", edition=self.get(f"edition_{side}"), area=area))
        if result.stable_words:
            notes.append(self.get("stable_words", words=join_some_names(list(result.stable_words), texts)))
        shift = result.comparison.shift
        if shift is not None:
            notes.append(self.get("shift_removed" if shift.is_removed else "shift_stated", **shift.make_texts()))
        notes += [
            texts.get("versions", key, **params)
            for key, params in make_notes_on_repaired_or_lost_rows(result.comparison, texts, _SECTION)
        ]
        for plan, layer in zip((result.before, result.after), result.layers, strict=True):
            notes += plan.describe_gaps(texts, {layer.role: layer.source.full_name})
        return notes

    def _describe_certificates(self) -> list[str]:
        """Return sentences on certificates of other years or without one, and on those whose area is in doubt."""
        result, notes = self.result, []
        for kind, found in result.certificates.items():
            if found is None:
                continue
            for key, count in (("other_years", found.left_out), ("no_years", found.undated)):
                if count:
                    notes.append(self.get(key, source=found.source, count=count, year=result.year))
            unclear = [one.number for one in found.items if math.isnan(one.cultivated_m2)]
            if unclear:
                params = {
                    "source": found.source,
                    "count": len(unclear),
                    "numbers": join_some_names(unclear, self.texts),
                }
                notes.append(self.get(f"unclear_{kind}", **params))
            if found.excessive:
                names = [
                    self.get(
                        "excessive_item",
                        number=one.number,
                        area=self._format_area(one.cultivated_m2),
                        land=self._format_area(land),
                    )
                    for one, land in found.excessive
                ]
                params = {"source": found.source, "count": len(names), "items": join_some_names(names, self.texts)}
                notes.append(self.get("excessive", **params))
        return notes

    def _format_area(self, area_m2: float) -> str:
        """Return an area in a sentence."""
        shown = self.show(area_m2)
        return shown if isinstance(shown, str) else format_number(shown, 2)

    def summarise(self) -> list[str]:
        """Return a sentence for each kind of change, with count and net area by survey."""
        groups = {kind: [one for one in self.result.changes if one.kind == kind] for kind in _KINDS}
        return [
            self.get(
                f"summary_{kind}",
                count=len(own),
                net=self._format_area(ChangeGroup((), own).sum_measure("net_m2")),
            )
            for kind, own in groups.items()
        ]

    def make_document(self) -> Document:
        """Return the tables as a document to be signed, without the list of parcels."""
        title = self.texts.get("document_titles", "cultivated", year=self.result.year)
        return make_table_document(self.make_tables()[:-1], title, find_county_name(self.result.after), self.texts)

    def write_workbook(self, path: Path) -> None:
        """Write all tables to a new workbook. Raise OutputError."""
        write_tables_workbook(path, self.make_tables(), find_county_name(self.result.after), self.texts)

    def make_records(self) -> list[dict[str, Any]]:
        """Return the attributes of the parcels for a layer."""
        columns = self.make_parcel_columns()
        return [make_record(columns, one) for one in self.result.changes]

    def reproject_shapes(self) -> NDArray:
        """Return the shapes of the parcels in the CRS of the later survey, without vertices added on reading."""
        before, after = self.result.before, self.result.after
        shapes = np.array([one.geometry for one in self.result.changes], dtype=object)
        return after.reproject_for_findings(after.remove_added_vertices(before.remove_added_vertices(shapes)))

    def write_layer(self, path: Path) -> None:
        """Write the parcels to a new GeoPackage. Raise OutputError."""
        import geopandas as gpd
        import pandas as pd

        records, crs, types = self.make_records(), self.result.after.crs, {"m2": "float64", "count": "int64"}
        series = {
            one.key: pd.Series([row[one.key] for row in records], dtype=types.get(one.unit, "object"))
            for one in self.make_parcel_columns()
        }
        frame = gpd.GeoDataFrame(series, geometry=gpd.GeoSeries(self.reproject_shapes(), crs=crs), crs=crs)
        write_polygon_layer(frame, path, LAYER_NAME)


def _decide_area(certificate: Certificate, township: str) -> float:
    """Return what a certificate states of a township: NaN if it has land elsewhere too, or its township is unknown."""
    if certificate.townships == (township,):
        return certificate.cultivated_m2
    return np.nan if not certificate.townships or township in certificate.townships else 0.0
