# SPDX-License-Identifier: GPL-2.0-or-later
"""What `statutory_area` says of its run: sums, differences, control areas, and what was not measured as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bridge.settings import interface_language
from ..core.invariants import require
from ..core.messages.texts import Texts, number

if TYPE_CHECKING:
    from .statutory_area import Done

#: Feature ids that one line names.
_TOLD = 10


def say_areas(feedback, done: Done, tolerance_m2: float) -> None:
    """Sums on each basis, what the stored ones come to, and the features that were not measured as they are."""
    texts, areas, compared = Texts(interface_language()), done.areas, done.compared
    for key, params in done.source.notices:
        feedback.pushInfo(texts.notice(key, params))
    sums = {basis: _m2(areas.total(basis)) for basis in ("statutory", "geodesic", "planar")}
    rows = len(areas.statutory)
    feedback.pushInfo(texts.get("areas", "sums", layer=done.source.name, rows=rows, plane=areas.plane, **sums))
    if done.not_cgcs2000:
        feedback.pushWarning(texts.get("areas", "not_cgcs2000", crs=done.not_cgcs2000))
    if done.there:
        values = compared.stored[compared.stored == compared.stored]
        stored, count = float(values.sum()), int(compared.differs.sum())
        more = stored - areas.total("statutory")
        params = {"stored": _m2(stored), "difference": _m2(abs(more)), "tolerance": f"{tolerance_m2:g}"}
        key = "sums_stored_less" if round(more, 2) < 0 else "sums_stored"
        line = texts.get("areas", key, field=done.field, count=count, **params)
        (feedback.pushWarning if count else feedback.pushInfo)(line)
        empty = int((compared.differs & (compared.stored != compared.stored)).sum())
        if empty:
            feedback.pushInfo(texts.get("areas", "no_value", count=empty, field=done.field))
    else:
        feedback.pushInfo(texts.get("areas", "no_stored", field=done.field))
    if compared.unit:
        unit = texts.get("areas", f"unit_{compared.unit}")
        feedback.pushWarning(texts.get("areas", "unit", field=done.field, unit=unit))
    if done.replaced:
        feedback.pushInfo(texts.get("areas", "replaced", fields=", ".join(done.replaced)))
    stray = set(areas.stray)
    for key, positions in (
        ("bare", [n for n in areas.bare if n not in stray]),
        ("stray", areas.stray),
        ("repaired", areas.repaired),
    ):
        if positions:
            params = {"count": len(positions), "fids": _some([done.fids[n] for n in positions]), "field": done.field}
            feedback.pushWarning(texts.get("areas", key, **params))


def say_levelled(feedback, done: Done, unconfirmed_share: float | None) -> None:
    """Each control area with its misclosure, what was refused and why, and parts that belong to none."""
    texts, levelled = Texts(interface_language()), require(done.levelled, "the levelled areas")
    for name, unit in levelled.units:
        figures = {"control": unit.control_m2, "sum": unit.sum_m2, "misclosure": unit.misclosure_m2}
        words = {k: _m2(v) for k, v in {**figures, "allowed": unit.allowed_m2, "most": unit.most_m2}.items()}
        if unit.refused:
            feedback.pushWarning(texts.get("areas", "unit_refused", name=name, **words))
        else:
            feedback.pushInfo(texts.get("areas", "unit_closed", name=name, **words))
    if levelled.outside:
        fids = _some([done.fids[n] for n in levelled.outside])
        feedback.pushWarning(texts.get("areas", "outside", count=len(levelled.outside), fids=fids))
    if levelled.empty:
        feedback.pushWarning(texts.get("areas", "no_parts", names=", ".join(levelled.empty)))
    if unconfirmed_share is not None:
        feedback.pushInfo(texts.get("areas", "limit_unconfirmed", share=f"{unconfirmed_share:g}"))


def _m2(area: float) -> str:
    """To 0.01, and never −0.00."""
    return number(round(area, 2) + 0.0, 2)


def _some(fids: list[int]) -> str:
    """The first of many feature ids."""
    told = ", ".join(map(str, fids[:_TOLD]))
    return f"{told} …" if len(fids) > _TOLD else told
