# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict on a project with reasons, conditions and missing data; sentences on a review of projects.

Parameters of sentences depend on the language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import shapely
from numpy.typing import NDArray

from ...standard.messages.numbers import format_hectare_number, format_number, format_small_square_metres
from ...standard.messages.texts import Message, MessageList, MessagePart, NameList, Texts
from .reviewed_project import (
    COUNTED_STATES,
    OUTCOME_ORDER,
    SECTION,
    VERDICTS,
    AdmissionRule,
    BilingualText,
    ConformityResult,
    LineItem,
    LowerPlan,
    MissingItem,
    NoteLevel,
    Outcome,
    Project,
    ProjectList,
    ProjectResult,
    ProjectState,
    RequiredShare,
    ReviewItem,
    ZoneItem,
    find_gravest,
)

#: More projects are only counted.
_MAX_LISTED_PROJECTS = 30
_LEVEL_ORDER = (NoteLevel.ERROR, NoteLevel.WARNING, NoteLevel.INFO)
#: Parts of lines: core and control zone, inside, outside and partly inside the boundary.
CORE, CONTROL, INSIDE, OUTSIDE, PARTLY = "core", "control", "inside", "outside", "partly"
#: Parts of planned land use: the project's use is of its class, or is not.
SAME_USE, OTHER_USE = "same", "other"
_MIN_HECTARES_M2 = 100.0
_PROJECT_NAME = BilingualText("项目资料", "Data of the project")
_LACKING_NAME = BilingualText("其他控制线和图层", "Other lines and layers")
ZONES_NAME = BilingualText("规划分区准入", "Admission by zone")
#: Id of the item on land outside the county.
COUNTY = "county"
COUNTY_NAME = BilingualText("县域", "County")
#: Keys of what is missing beside the land that a reason states.
_NAMED_MISSING = ("rule", "confirmation", "fields", "loose")


class ReportLine(NamedTuple):
    """A sentence with its level."""

    level: NoteLevel
    text: str


def get_outcome_name(outcome: Outcome, texts: Texts) -> str:
    """Return an outcome in words."""
    return texts.get(SECTION, f"outcome_{outcome}")


def describe_result(result: ConformityResult, lang: str) -> list[ReportLine]:
    """Return a summary, the verdicts of few projects with the reason, and the notes, those on errors first."""
    texts = Texts(lang)
    summary = texts.get(
        SECTION,
        "done",
        count=format_number(len(result.results), 0),
        left_out=format_number(result.left_out_count, 0),
        table=result.admission_file,
        **{str(verdict): format_number(result.count(verdict), 0) for verdict in VERDICTS},
    )
    lines = [ReportLine(NoteLevel.WARNING if result.has_problems else NoteLevel.INFO, summary)]
    if len(result.results) <= _MAX_LISTED_PROJECTS:
        sentences = (
            texts.get(
                SECTION,
                "project_line",
                project=one.project.label,
                verdict=get_outcome_name(one.verdict, texts),
                area=Area(one.project.statutory_m2).render(texts),
                reason=explain_verdict(one, texts),
            )
            for one in result.results
        )
        lines += [ReportLine(NoteLevel.INFO, text) for text in sentences]
    if result.unread_note:
        lines.append(ReportLine(NoteLevel.INFO, result.unread_note.render(texts)))
    if result.lower_plan:
        lower_lines = describe_lower_plan(result.lower_plan)
        lines += [ReportLine(level, message.render(texts)) for level, message in lower_lines]
    if result.project_list:
        lines += [ReportLine(level, message.render(texts)) for level, message in describe_list(result.project_list)]
    return [
        *lines,
        *(
            ReportLine(note.level, note.message.render(texts))
            for note in sorted(result.notes, key=lambda note: (_LEVEL_ORDER.index(note.level), note.row))
        ),
    ]


def describe_lower_plan(figures: LowerPlan) -> list[tuple[NoteLevel, Message]]:
    """Return sentences: what was reviewed, parcels against the boundary, and each share with its limit."""
    params = {"area": Area(figures.area_m2), "other": figures.other_count}
    lines = [(NoteLevel.INFO, Message(SECTION, f"lower_{figures.kind}", params))]
    if figures.boundary_m2 is None:
        lines.append((NoteLevel.INFO, Message(SECTION, "lower_no_boundary")))
    for key, area in figures.list_mismatches().items():
        lines.append((NoteLevel.WARNING, Message(SECTION, f"lower_{key}", {"area": Area(area)})))
    for one in figures.shares:
        level = NoteLevel.WARNING if one.outcome in (Outcome.FAILS, Outcome.UNDETERMINED) else NoteLevel.INFO
        lines.append((level, describe_share(one)))
    return lines


def describe_share(one: RequiredShare) -> Message:
    """Return a sentence on a share: its area, its part of the 建设用地, the limit, and what follows."""
    if one.share is None:
        return Message(SECTION, "lower_share_unknown", {"name": Message(SECTION, f"lower_{one.id}")})
    is_kept = one.share <= one.limit if one.is_maximum else one.share >= one.limit
    result = "kept" if is_kept else "above" if one.is_maximum else "below"
    params = {
        "name": Message(SECTION, f"lower_{one.id}"),
        "area": Area(one.area_m2),
        "share": f"{one.share:.2%}",
        "limit": format_limit(one),
        "result": Message(SECTION, f"lower_{result}"),
        "source": Message(SECTION, "lower_source", {"source": one.source}) if one.source else "",
    }
    what = "_".join(("lower_unconfirmed", *one.unconfirmed))
    params["doubt"] = "" if one.is_confirmed else Message(SECTION, what)
    return Message(SECTION, "lower_share", params)


def format_limit(one: RequiredShare) -> str:
    """Return the limit of a share, such as ``≤ 5.00%``."""
    return f"{'≤' if one.is_maximum else '≥'} {one.limit:.2%}"


def describe_list(listed: ProjectList) -> list[tuple[NoteLevel, Message]]:
    """Return sentences: rows, sums of the county against the room, repetitions, overlaps, and what is not counted."""
    counts = {str(state): sum(one.state is state for one in listed.rows) for state in ProjectState}
    params = {"file": listed.path.name, "new": sum(one.is_new for one in listed.rows), "count": len(listed.rows)}
    lines = [(NoteLevel.INFO, Message(SECTION, "list_done", {**params, **counts}))]
    if listed.known:
        lines.append((NoteLevel.INFO, Message(SECTION, "list_known", {"names": NameList(listed.known)})))
    for one in listed.occupations:
        approved, reviewed = (one.get_leading_m2(state) for state in COUNTED_STATES)
        if one.township_code is not None or not (approved or reviewed):
            continue
        key = "list_line" if one.left_m2 is None else "list_short" if one.left_m2 < 0 else "list_room"
        areas = {"approved": Area(approved or 0.0), "reviewed": Area(reviewed or 0.0)}
        room = {"room": Area(one.room_m2 or 0.0), "left": Area(abs(one.left_m2 or 0.0))}
        level = NoteLevel.WARNING if key == "list_short" else NoteLevel.INFO
        basis = Message(SECTION, f"basis_{one.basis}")
        lines.append((level, Message(SECTION, key, {"line": one.name, "basis": basis, **areas, **room})))
    problems = [
        Message(SECTION, "list_repeated", {
            "project": rows[0].project.label, "rows": NameList(tuple(str(one.project.row) for one in rows)),
        })
        for rows in listed.list_repeated()
    ] + [
        Message(SECTION, "list_overlap", {**vars(one), "area": Area(one.area_m2)})
        for one in listed.overlaps
    ]  # fmt: skip
    lines += [(NoteLevel.WARNING, one) for one in problems[:_MAX_LISTED_PROJECTS]]
    if len(problems) > _MAX_LISTED_PROJECTS:
        lines.append(
            (NoteLevel.WARNING, Message(SECTION, "list_more", {"count": len(problems) - _MAX_LISTED_PROJECTS}))
        )
    if listed.failed:
        lines.append((NoteLevel.WARNING, Message(SECTION, "list_failed", {"names": NameList(listed.failed)})))
    return [*lines, *((note.level, note.message) for note in listed.notes)]


def count_loose_parts(parts: NDArray) -> dict[str, int]:
    """Return the numbers of (n,) lines and points as parameters of a sentence."""
    is_line = shapely.get_dimensions(parts) == 1
    return {"lines": int(is_line.sum()), "points": int((~is_line).sum())}


def describe_part(part: str, texts: Texts) -> str:
    """Return the name of a part; a part by words has its own."""
    return texts.get(SECTION, f"part_{part}") if part in (CORE, CONTROL, INSIDE, OUTSIDE) else part


@dataclass(frozen=True)
class Area:
    """An area (m²) as a parameter of a sentence: in hectares, below 0.01 ha in m²."""

    area_m2: float

    def render(self, texts: Texts) -> str:
        """Return the area with its unit."""
        return (
            format_small_square_metres(self.area_m2)
            if self.area_m2 < _MIN_HECTARES_M2
            else texts.get(SECTION, "hectares", amount=format_hectare_number(self.area_m2))
        )


@dataclass(frozen=True)
class Condition:
    """The condition of a row of the admission table as a parameter of a sentence."""

    rule: AdmissionRule

    def render(self, texts: Texts) -> str:
        """Return the condition in the language of the texts, without its full stop."""
        return self.rule.condition.render(texts).rstrip("。. ")


@dataclass(frozen=True)
class FirstSentence:
    """The fact that a message states first, as a parameter of a sentence, without the remedy that follows it."""

    message: Message

    def render(self, texts: Texts) -> str:
        """Return the first sentence in the language of the texts."""
        return _take_first_sentence(self.message.render(texts), texts)


def count_outcome(item: ReviewItem) -> Outcome:
    """Return the outcome of an item as it counts for the whole."""
    return (isinstance(item, LineItem) and item.weight) or item.outcome


def rank_item(item: ReviewItem) -> tuple[int, bool, bool]:
    """Return the key by which items are sorted: the gravest first, and of these the lines in which the project is.

    Items that count less than they are, such as missing layers, come after those that they count like.
    """
    has_no_land = isinstance(item, LineItem) and not item.area_m2
    return -OUTCOME_ORDER.index(count_outcome(item)), has_no_land, count_outcome(item) is not item.outcome


def judge_items(items: Sequence[ReviewItem], gaps: Sequence[MissingItem]) -> tuple[Outcome, tuple[MessagePart, ...]]:
    """Return the verdict, which is the gravest outcome of all items, and its reasons, the gravest first.

    未能判定 if nothing was judged. The reason of 符合 is that nothing opposes the project. ``gaps``: on layers of which
    not all rows are known; with one the verdict is at best 未能判定.
    """
    verdict = find_gravest([*map(count_outcome, items), *([Outcome.UNDETERMINED] if gaps else [])])
    if verdict is Outcome.CONFORMS:
        return verdict, (Message(SECTION, "all_conform"),)
    # What decides comes first.
    reported = [one for one in items if count_outcome(one) not in (Outcome.CONFORMS, Outcome.LISTED)]
    ordered = sorted(reported, key=lambda item: (count_outcome(item) is not verdict, rank_item(item)))
    deciding = sum(count_outcome(one) is verdict for one in ordered)
    reasons = [one.reason for one in ordered]
    missing = [one.missing for one in gaps]
    place = deciding if verdict is Outcome.UNDETERMINED else len(reasons)
    worse = [*reasons[:place], *missing, *reasons[place:]]
    return Outcome.UNDETERMINED if verdict is Outcome.LISTED else verdict, tuple(worse)


def explain_verdict(one: ProjectResult, texts: Texts) -> str:
    """Return the principal reasons: all of 不符合, of other verdicts the first; those after the first are shortened.

    A zone that follows a line repeats the reason of the line.
    """
    items: list[ReviewItem] = [*one.lines, *(zone for zone in one.zones if zone.follows is None)]
    reasons = [item.reason for item in items if count_outcome(item) is Outcome.FAILS] or one.reasons[:1]
    sentences = [reason.render(texts) for reason in reasons]
    return texts.join_sentences([*sentences[:1], *(shorten_reason(text, texts) for text in sentences[1:])])


def shorten_reason(text: str, texts: Texts) -> str:
    """Return the first sentence, in Chinese the part before its colon; an English one begins with a name and colon."""
    first = _take_first_sentence(text, texts)
    return first if texts.lang == "en" else first.partition("：")[0].removesuffix("。") + "。"


def _take_first_sentence(text: str, texts: Texts) -> str:
    stop = ". " if texts.lang == "en" else "。"
    return text.partition(stop)[0].removesuffix(stop.rstrip()) + stop.rstrip()


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
                key = {"line_approval_doubtful": "fields", "line_loose": "loose"}.get(line.reason.key, key)
            remedy = Message(SECTION, f"remedy_{key}", {"line": line.name, "role": line.role})
            missing.append(MissingItem(line.id, line.name, _name_missing(line, key), remedy))
    lacking = [line for line in lines if line.weight is Outcome.LISTED]
    if lacking:
        names = BilingualText(
            "、".join(f"{line.name.zh} {line.role}" for line in lacking),
            ", ".join(f"{line.name.en} {line.role}" for line in lacking),
        )
        reason, remedy = Message(SECTION, "lines_lacking", {"lines": names}), Message(SECTION, "remedy_lines_lacking")
        missing.append(MissingItem("lines_lacking", _LACKING_NAME, reason, remedy))
    # A zone with a row of the table follows a line, which is listed above.
    open_zones = [zone for zone in zones if zone.outcome is Outcome.UNDETERMINED and zone.rule is None]
    # Land outside the zones, and a plan without zones, have neither code nor name: a use would not settle them.
    without_use = [] if project.use_code else [zone for zone in open_zones if zone.code or zone.name]
    if len(without_use) > 1:
        # One remedy for all zones is one item.
        reason = Message(SECTION, "zones_no_use", {"count": str(len(without_use))})
        missing.append(MissingItem("zones_use", ZONES_NAME, reason, Message(SECTION, "remedy_use")))
        open_zones = [zone for zone in open_zones if zone not in without_use]
    for zone in open_zones:
        key = "zones" if not (zone.code or zone.name) else "admission" if project.use_code else "use"
        name = BilingualText(f"{zone.name}准入", f"Admission in {zone.name}") if zone.name else ZONES_NAME
        params = {"zone": zone.name, "use": project.use_name}
        lacking_part = Message(SECTION, "missing_admission", params) if key == "admission" else zone.reason
        missing.append(MissingItem(f"zone_{zone.code}", name, lacking_part, Message(SECTION, f"remedy_{key}", params)))
    return (*missing, *absent_layers)


def _name_missing(line: LineItem, key: str) -> MessagePart:
    """Return what is missing for a line, without what the table of control lines states. ``key``: of the remedy."""
    if key == "gaps":
        return MessageList(tuple(map(FirstSentence, line.reason.params["gaps"].message_parts)), "between_sentences")
    if key == "rule" and line.rule is not None:
        key = "confirmation"
    return Message(SECTION, f"missing_{key}", {"line": line.name}) if key in _NAMED_MISSING else line.reason
