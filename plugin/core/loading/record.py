# SPDX-License-Identifier: GPL-2.0-or-later
"""What the balance beside a geodatabase of yearly maintenance says of its classes when they were made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..plan.plan import Plan


@dataclass(frozen=True)
class Record:
    """``file``: its name; ``classes``: role of a class (and, of changes, its kind) → polygons and their statutory m²."""

    file: str
    classes: dict[tuple[str, str], tuple[int, float]]


def record_of(plan: Plan) -> Record | None:
    """The record beside the geodatabase that the plan's classes were read from; None where there is none (a package of other
    software, one that was moved without its balance) or nobody can read it."""
    rules = plan.norm.standard.maintenance
    sources = {plan.layers[role].source.source for role in (rules.changes if rules else ()) if role in plan.layers}
    if rules is None or len(sources) != 1 or not all(sources):
        return None
    database = Path(sources.pop())
    path = database.with_name(f"{database.stem}{rules.delivery.balance}.json")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Record(path.name, _classes(told, {stage.id: stage.prefix for stage in rules.stages}))
    except (OSError, ValueError, KeyError, TypeError):
        # Not ours, or not there: what nobody recorded is not compared, and the rule says so.
        return None


def _classes(told: dict[str, Any], prefix: dict[str, str]) -> dict[tuple[str, str], tuple[int, float]]:
    found = {}
    for one in told["layers"]:
        if not one["change"]:
            continue
        for stage in ("before", "after"):
            found[prefix[stage] + one["layer"], ""] = (int(one[stage]), float(one[f"{stage}_m2"]))
        for kind in one["kinds"].values():
            found[prefix["change"] + one["layer"], kind["code"]] = (int(kind["count"]), float(kind["area_m2"]))
    return found
