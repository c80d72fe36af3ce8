# SPDX-License-Identifier: GPL-2.0-or-later
"""Balance of a year's maintenance by layer, zone and township; statutory m²."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..messages.texts import Texts
from ..render.tables.model import Column, Row, Table, Value, format_measured
from ..versions.model import CHANGED, IN, OUT, STATUTORY, Balance
from ..versions.tables import list_some, list_uncompared_rows
from .model import KIND_CODES, MaintainedLayer, YearlyUpdate

#: Tables show the area that touched parcels gained separately from ``revalued`` (by zone: from ``rest``).
_TERMS = ("before", "moved_out", "moved_in", "changed", "reshaped", "revalued", "doubled", "after")


def by_layer(one: MaintainedLayer) -> Balance:
    """Return the statutory balance of a layer."""
    return one.found.total[STATUTORY]


def sum_by_zone(one: MaintainedLayer) -> dict[str, dict[str, float]]:
    """Sum the statutory areas (m²) of a layer by code of its compared field.

    Returns
    -------
    dict
        Code → terms. before − moved_out − changed_from + moved_in + changed_to + rest = after. ``rest`` comes from
        vertices that move areas and from land claimed twice; ``reshaped`` is the part of ``rest`` that touched
        parcels gained. Slivers are included, so that the codes add up to the layer. Empty for a layer without a
        compared field.
    """
    if not one.maintained.compare:
        return {}
    sides = []
    for edition in (one.found.before, one.found.after):
        codes = edition.layer.named_text(one.maintained.compare)
        sides.append((codes, np.nan_to_num(edition.layer.statutory)))
    names = ("before", "moved_out", "moved_in", "changed_from", "changed_to", "reshaped", "rest", "after")
    sums = {code: dict.fromkeys(names, 0.0) for code in sorted({*sides[0][0], *sides[1][0]})}
    for (codes, areas), term in zip(sides, ("before", "after"), strict=True):
        for code, area_m2 in zip(codes, areas.tolist(), strict=True):
            sums[code][term] += area_m2
    (old, _), (new, _) = sides
    parts = [(part.kind, part.before, part.after, part.area_m2) for part in one.found.parts]
    for kind, before, after, area_m2 in (*parts, *one.found.sliver_rows):
        if kind in (OUT, CHANGED):
            sums[old[before]]["moved_out" if kind == OUT else "changed_from"] += area_m2
        if kind in (IN, CHANGED):
            sums[new[after]]["moved_in" if kind == IN else "changed_to"] += area_m2
    for before, gained in one.found.reshaped.items():
        sums[old[before]]["reshaped"] += gained
    for row in sums.values():
        gained = row["moved_in"] + row["changed_to"] - row["moved_out"] - row["changed_from"]
        row["rest"] = row["after"] - row["before"] - gained
    return sums


def to_dict(done: YearlyUpdate) -> dict[str, Any]:
    """Return counts, areas and balances of each layer as plain values for JSON."""
    layers = []
    for one in done.layers:
        kinds = {
            kind: {"code": KIND_CODES[kind], "count": one.count(kind), "area_m2": one.area(kind)}
            for kind in (IN, CHANGED, OUT)
        }
        layers.append(
            {
                "layer": one.role,
                "before": len(one.before),
                "before_m2": one.before_m2,
                "change": len(one.changes),
                "after": len(one.after),
                "after_m2": sum(piece.area_m2 for piece in one.after),
                "kinds": kinds,
                "balance": _values(by_layer(one)),
                "zones": sum_by_zone(one),
                "townships": {town: _values(b) for town, b in one.townships.items() if town},
                "outside_townships": _values(one.townships.get("", Balance())),
                "slivers_m2": one.found.sliver_m2,
                "not_maintained_m2": one.left_out,
            }
        )
    return {"year": done.year, "layers": layers, "passed_over": done.skipped}


def _values(balance: Balance) -> dict[str, float]:
    return {term: getattr(balance, term) for term in _TERMS}


def _shown(values: dict[str, float], whole: str) -> list[float]:
    """Return a row's values; take the gain of touched parcels out of ``whole``."""
    return [value - values["reshaped"] if term == whole else value for term, value in values.items()]


def all_tables(done: YearlyUpdate, texts: Texts) -> list[Table]:
    """Return the tables by layer, by zone and by township."""
    return [_layers(done, texts), _zones(done, texts), _townships(done, texts)]


def _table(name: str, heads: tuple[str, ...], terms: tuple[str, ...], texts: Texts) -> Table:
    columns = [Column(head, title=texts.get("yearly", head), wide=24) for head in heads]
    columns += [Column(term, "m2", texts.get("yearly", term), 18) for term in terms]
    return Table(name, columns, unit="m2")


def _layers(done: YearlyUpdate, texts: Texts) -> Table:
    table = _table("yearly_layers", ("layer", "code"), _TERMS, texts)
    for one in done.layers:
        values = [format_measured(value, "m2") for value in _shown(_values(by_layer(one)), "revalued")]
        table.rows.append(Row([*_named(done, one), *values], "row", one.role))
    table.notes = [*list_notes(done, texts), texts.get("yearly", "rounded")]
    return table


def summarise(done: YearlyUpdate, texts: Texts) -> list[str]:
    """Return one sentence for each layer that changed."""
    messages = []
    for one in done.changed:
        params = {
            f"{kind}_{what}": value for kind in (IN, OUT, CHANGED) for what, value in _kind_params(one, kind).items()
        }
        messages.append(texts.get("yearly", "summary", layer=_named(done, one)[0], role=one.role, **params))
    return [*messages, texts.get("yearly", "causes")] if messages else []


def _kind_params(one: MaintainedLayer, kind: str) -> dict[str, str]:
    return {"count": str(one.count(kind)), "area": f"{one.area(kind):.2f}"}


def list_notes(done: YearlyUpdate, texts: Texts) -> list[str]:
    """Return the notes of the balance: skipped layers, land in no class, slivers."""
    messages = [texts.unread(unread) for plan in (done.filed, done.current) for unread in plan.unread]
    standard = done.current.norm.standard
    compared = {one.role: one.compare for one in standard.maintenance.layers} if standard.maintenance else {}
    for role, reason in done.skipped.items():
        # A layer that neither edition has is not a layer of this county.
        if reason != "in_neither":
            params = {"layer": standard.templates[role].name, "role": role, "field": compared[role]}
            # A layer that is unusable in both editions is reported with the reason of the edition in its text.
            plan = {"unusable_filed": done.filed, "unusable_current": done.current}.get(reason)
            if plan is not None:
                params["why"] = texts.problem(*plan.unusable[role].why)
            messages.append(texts.get("yearly", reason, **params))
    for one in done.layers:
        for kind, area_m2 in one.left_out.items():
            params = {"kind": texts.get("versions", kind), "area": f"{area_m2:.2f}", "role": one.role}
            messages.append(texts.get("yearly", "left_out", layer=_named(done, one)[0], **params))
        if one.found.slivers:
            params = {"count": str(len(one.found.slivers)), "area": f"{one.found.sliver_m2:.2f}", "role": one.role}
            messages.append(texts.get("yearly", "slivers", layer=_named(done, one)[0], **params))
            # The filed areas differ from the balance by this much; below 0.01 m² the difference is rounding.
        if round(gained := one.before_m2 - one.filed_m2, 2):
            params = {"count": str(one.filed_nodes), "area": f"{gained:.2f}", "role": one.role}
            messages.append(texts.get("yearly", "nodes", layer=_named(done, one)[0], **params))
        messages += [
            texts.get("versions", key, **params) for key, params in list_uncompared_rows(one.found, texts, "yearly")
        ]
        messages += _doubled_keys(one, texts)
    if not any(one.townships for one in done.layers):
        messages.append(texts.get("yearly", "no_townships"))
    return messages


def _doubled_keys(one: MaintainedLayer, texts: Texts) -> list[str]:
    """List the keys that several features of one edition share.

    Such keys do not identify the parcel of the other edition.
    """
    messages = []
    for side, edition in (("before", one.found.before), ("after", one.found.after)):
        often = [key for key, count in Counter(edition.layer.keys).items() if key and count > 1]
        if often:
            params = {"edition": texts.get("yearly", f"edition_{side}"), "layer": edition.layer.name, "role": one.role}
            messages.append(texts.get("yearly", "doubled_keys", **params, count=len(often), keys=list_some(often)))
    return messages


def _named(done: YearlyUpdate, one: MaintainedLayer) -> list[Value]:
    return [done.current.norm.standard.templates[one.role].name, one.role]


def _zones(done: YearlyUpdate, texts: Texts) -> Table:
    terms = ("before", "moved_out", "changed_from", "moved_in", "changed_to", "reshaped", "rest", "after")
    table = _table("yearly_zones", ("layer", "zone", "zone_name"), terms, texts)
    for one in done.layers:
        rows = {
            code: dict(zip(terms, _shown({t: row[t] for t in terms}, "rest"), strict=True))
            for code, row in sum_by_zone(one).items()
        }
        for code, row in rows.items():
            heads = [_named(done, one)[0], code or texts.get("versions", "empty"), _code_name(done, one, code)]
            table.rows.append(_row(heads, [row[term] for term in terms], f"{one.role}/{code}"))
        if rows:
            total = [sum(row[term] for row in rows.values()) for term in terms]
            heads = [_named(done, one)[0], texts.get("tables", "sum"), ""]
            table.rows.append(_row(heads, total, f"{one.role}/sum", "sum"))
    table.notes = [texts.get("yearly", "rounded")]
    return table


def _code_name(done: YearlyUpdate, one: MaintainedLayer, code: str) -> str:
    """Return the name of a code of the compared field; empty without a code list."""
    standard = done.current.norm.standard
    declared = standard.templates[one.role].field_named(one.maintained.compare)
    listed = standard.code_lists.get(declared.codes) if declared is not None else None
    known = listed.codes.get(code) if listed is not None else None
    return known.name if known is not None else ""


def _townships(done: YearlyUpdate, texts: Texts) -> Table:
    """Return the balance of each layer by township, with sums."""
    table = _table("yearly_townships", ("layer", "township"), _TERMS, texts)
    for one in done.layers:
        name = _named(done, one)[0]
        for town, balance in one.townships.items():
            values = _shown(_values(balance), "revalued")
            # A township in which all areas round to zero has no row.
            if any(round(value, 2) for value in values):
                heads = [name, town or texts.get("yearly", "no_township")]
                table.rows.append(_row(heads, values, f"{one.role}/{town}"))
        if one.townships:
            total = np.sum(
                [_shown(_values(balance), "revalued") for balance in one.townships.values()], axis=0
            ).tolist()
            table.rows.append(_row([name, texts.get("tables", "sum")], total, f"{one.role}/sum", "sum"))
    table.notes = [texts.get("yearly", "rounded")]
    return table


def _row(heads: list[Value], values: list[float], key: str, kind: str = "row") -> Row:
    return Row([*heads, *(format_measured(value, "m2") for value in values)], kind, key)
