# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences on what a conversion did, for the toolbox and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..geometry.crs import make_crs_label
from ..messages.texts import Texts, format_number

if TYPE_CHECKING:
    from .change_zone import ZoneRun
    from .renumber import RenumberRun


def describe_renumbering(run: RenumberRun, lang: str) -> list[str]:
    """Return one sentence for each numbered layer, then those on rows, layers and gaps to know about."""
    texts = Texts(lang)
    lines = []
    for keys in run.new_keys:
        if not keys.keys:
            lines.append(texts.get("conversion", "renumbered_none", layer=keys.role))
            continue
        count = format_number(len(keys.keys), 0)
        lines.append(
            texts.get("conversion", "renumbered", layer=keys.role, count=count, first=keys.keys[0], last=keys.keys[-1])
        )
        if keys.keyless_count:
            lines.append(texts.get("conversion", "keyless", layer=keys.role, count=keys.keyless_count))
        if keys.repeated_count:
            lines.append(texts.get("conversion", "repeated", layer=keys.role, count=keys.repeated_count))
    if run.sealed_roles:
        lines.append(texts.get("conversion", "sealed", layers=", ".join(run.sealed_roles)))
    if run.has_gap_list:
        numbers = format_number(sum(gap.count for gap in run.gaps), 0)
        lines.append(texts.get("conversion", "gaps", count=len(run.gaps), numbers=numbers))
    if run.new_keys:
        lines.append(texts.get("conversion", "key_table_hint" if run.has_default_table else "key_table_elsewhere"))
    return lines


def describe_zone_change(run: ZoneRun, lang: str) -> list[str]:
    """Return one sentence for each converted layer, and one on layers that stay."""
    texts = Texts(lang)
    lines = []
    for layer in run.converted:
        params = {
            "layer": layer.name,
            "old": make_crs_label(layer.old_crs),
            "new": make_crs_label(layer.new_crs),
            "count": format_number(layer.feature_count, 0),
            "move": f"{layer.move_m:.6f}",
            "bend": f"{layer.bend_m:.4f}",
            "before": format_number(layer.area_before_m2, 2),
            "after": format_number(layer.area_after_m2, 2),
        }
        lines.append(
            texts.get("conversion", "zone_changed" if layer.area_before_m2 else "zone_changed_lines", **params)
        )
    if run.unchanged_names:
        lines.append(texts.get("conversion", "zone_unchanged", layers=", ".join(run.unchanged_names)))
    return lines
