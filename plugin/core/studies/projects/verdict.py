# SPDX-License-Identifier: GPL-2.0-or-later
"""Decide the verdict on a project; list reasons, conditions and missing data.

The gravest item decides: 不符合, 未能判定, 有条件, 符合. The missing layer of a line other than 三线 counts as 有条件,
because the layer is to be handed in, or does not count (城市四线 and others); its row stays 未能判定. What is only
listed does not count.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...standard.messages.texts import Message, MessagePart
from .review_sentences import BilingualName
from .reviewed_project import (
    OUTCOME_ORDER,
    SECTION,
    LineItem,
    MissingItem,
    Outcome,
    Project,
    ReviewItem,
    ZoneItem,
    find_gravest,
)

_PROJECT_NAME = ("项目资料", "Data of the project")
_LACKING_NAME = ("其他控制线和图层", "Other lines and layers")
ZONES_NAME = ("规划分区准入", "Admission by zone")

_REMEDY_BY_REASON = {"line_approval_doubtful": "fields", "line_loose": "loose"}


def count_outcome(item: ReviewItem) -> Outcome:
    """Return the outcome of an item as it counts for the whole."""
    return (isinstance(item, LineItem) and item.weight) or item.outcome


def decide_verdict(items: Sequence[ReviewItem], gaps: Sequence[MissingItem] = ()) -> Outcome:
    """Return the gravest outcome of all items; 未能判定 if nothing was judged.

    ``gaps``: on layers of which not all rows are known; with one the verdict is at best 未能判定.
    """
    gravest = find_gravest([*map(count_outcome, items), *([Outcome.UNDETERMINED] if gaps else [])])
    return Outcome.UNDETERMINED if gravest is Outcome.LISTED else gravest


def list_reasons(
    items: Sequence[ReviewItem], verdict: Outcome, gaps: Sequence[MissingItem] = ()
) -> tuple[MessagePart, ...]:
    """Return the reasons of a verdict, the gravest first.

    The reason of 符合 is that nothing opposes the project. ``gaps``: as for `decide_verdict`.
    """
    # Items that count less than they are, such as missing layers, come after those that they count like.
    ordered = sorted(
        items, key=lambda item: (-OUTCOME_ORDER.index(count_outcome(item)), count_outcome(item) is not item.outcome)
    )
    grave = [one for one in ordered if count_outcome(one) in (Outcome.FAILS, Outcome.UNDETERMINED)]
    worse = [one.reason for one in grave] + [one.missing for one in gaps]
    worse += [
        one.reason for one in ordered[len(grave) :] if count_outcome(one) not in (Outcome.CONFORMS, Outcome.LISTED)
    ]
    return tuple(worse) if verdict is not Outcome.CONFORMS else (Message(SECTION, "all_conform"),)


def list_conditions(items: Sequence[ReviewItem]) -> tuple[Message, ...]:
    """Return what must be met: the reasons of all items that are 有条件."""
    return tuple(one.reason for one in items if one.outcome is Outcome.CONDITIONAL)


def list_missing(
    project: Project, lines: Sequence[LineItem], zones: Sequence[ZoneItem], absent_layers: Sequence[MissingItem]
) -> tuple[MissingItem, ...]:
    """Return what could not be determined, what is missing for it, and what to hand in."""
    missing = [
        MissingItem(
            f"project_{one.meaning}",
            _PROJECT_NAME,
            one.reason,
            Message(SECTION, "remedy_fields" if one.choices else "remedy_loose"),
        )
        for one in project.doubts
    ]
    for line in lines:
        if line.outcome is Outcome.UNDETERMINED and line.weight is not Outcome.LISTED:
            key = "layer" if not line.is_present else "overlay" if line.area_m2 is None else "rule"
            key = "county" if line.id == COUNTY and key == "rule" else key
            if line.has_gaps:
                key = "gaps"
            elif isinstance(line.reason, Message):
                key = _REMEDY_BY_REASON.get(line.reason.key, key)
            params = {"line": BilingualName(line.name), "role": line.role}
            remedy = Message(SECTION, f"remedy_{key}", params)
            missing.append(MissingItem(line.id, line.name, line.reason, remedy))
    lacking = [line for line in lines if line.weight is Outcome.LISTED]
    if lacking:
        labels = [[f"{line.get_name(lang)} {line.role}" for line in lacking] for lang in ("zh", "en")]
        names = {"lines": BilingualName(("、".join(labels[0]), ", ".join(labels[1])))}
        remedy = Message(SECTION, "remedy_lines_lacking")
        missing.append(MissingItem("lines_lacking", _LACKING_NAME, Message(SECTION, "lines_lacking", names), remedy))
    open_zones = [zone for zone in zones if zone.outcome is Outcome.UNDETERMINED]
    # Land outside the zones, and a plan without zones, have neither code nor name: a use would not settle them.
    without_use = [] if project.use_code else [zone for zone in open_zones if zone.code or zone.name]
    if len(without_use) > 1:
        # One remedy for all zones is one item.
        reason = Message(SECTION, "zones_no_use", {"count": str(len(without_use))})
        missing.append(MissingItem("zones_use", ZONES_NAME, reason, Message(SECTION, "remedy_use")))
        open_zones = [zone for zone in open_zones if zone not in without_use]
    for zone in open_zones:
        key = "zones" if not (zone.code or zone.name) else "admission" if project.use_code else "use"
        name = (f"{zone.name}准入", f"Admission in {zone.name}") if zone.name else ZONES_NAME
        params = {"zone": zone.name, "use": project.use_name}
        missing.append(MissingItem(f"zone_{zone.code}", name, zone.reason, Message(SECTION, f"remedy_{key}", params)))
    return (*missing, *absent_layers)


#: Id of the item on land outside the county.
COUNTY = "county"
COUNTY_NAME = ("县域", "County")
