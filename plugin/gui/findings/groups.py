# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of a findings list with their findings: what is said of each, and in which order they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...bridge.texts import tr

PLACE, COUNT, AREA, STATE = range(4)
_RANK = {"ERROR": 0, "WARNING": 1, "INFO": 2, "": 3}
ASIDE = ("skipped", "crashed")
#: Rows of a rule that come to the tree at a time.
BATCH = 1000


@dataclass
class Group:
    """A rule in the list.

    ``order``: row → position in ``findings``; −1 is the row that says why the rule was skipped. ``ranks`` is the same by the
    column alone: a long list has those in view first. ``loaded``: how many of the rows are there for the tree, ``reach``
    how many there are down to the last one in view. ``seen`` (one entry a finding) and ``reason_seen`` are what the
    filter lets through, ``shown`` and ``shown_area`` the figures of that. ``texts`` (one a finding, or none yet): what a
    search looks through. ``number``: of the rule within the list, for good. ``severity``, ``area`` and ``waived`` are of
    all findings (`told_anew`).
    """

    code: str
    title: str
    outcome: Any
    findings: list[Any] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    seen: list[bool] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    reason_seen: bool = False
    shown: int = 0
    shown_area: float | None = None
    loaded: int = 0
    reach: int = 0
    number: int = 0
    severity: str = ""
    area: float | None = None
    waived: bool = False

    def __post_init__(self) -> None:
        self.told_anew()

    @property
    def aside(self) -> bool:
        """Was it skipped, wholly or in part, or did it crash?"""
        return str(self.outcome.outcome) in ASIDE or self.outcome.incomplete

    @property
    def standing(self) -> str:
        """How far the rule was checked: ``skipped``, ``crashed``, ``partly``; empty for all of it.

        A rule that the whole check skipped and that found something around an edit was checked there: partly.
        """
        outcome = str(self.outcome.outcome)
        if outcome in ASIDE and not any(f.code == self.code for f in self.findings):
            return outcome
        return "partly" if self.aside else ""

    @property
    def reason(self) -> str:
        """Reason why the rule was not checked completely."""
        reason = str(self.outcome.reason)
        if self.standing == "partly" and str(self.outcome.outcome) in ASIDE:
            text = tr("At the whole check: {reason} Since then only what was edited was checked. Check all again.")
            return text.format(reason=reason)
        return reason

    def told_anew(self) -> None:
        """Other findings: their worst severity, their area, and whether all of them were accepted."""
        self.severity = min({str(f.severity) for f in self.findings}, key=_RANK.__getitem__, default="")
        self.area = area_of(self.findings)
        self.waived = all(f.state == "waived" for f in self.findings)

    def kind(self) -> str:
        """Which icon stands for it."""
        if not self.findings or self.standing == "crashed":
            return self.standing if self.standing in ASIDE else "skipped"
        return "waived" if self.waived else self.severity


def area_of(findings: list[Any]) -> float | None:
    """The sum of the areas, in m²; None when no finding has one."""
    areas = [f.area_m2 for f in findings if f.area_m2 is not None]
    return sum(areas) if areas else None


def kind_of(finding: Any) -> str:
    """The filter button a finding belongs to."""
    return "waived" if finding.state == "waived" else str(finding.severity)


def hectares(area_m2: float | None) -> str:
    """1.26; a dash without an area; never 0.00 for something that is there."""
    from ...core.messages.texts import number

    if area_m2 is None:
        return "—"
    return "<0.01" if 0 < area_m2 < 50 else number(area_m2 / 1e4, 2)


def place_of(finding: Any) -> str:
    """Township and key, else the sentence. A file keeps its whole path, which the list cuts in the middle: by its end alone
    it is told from no other."""
    from ...core.messages.texts import short_key

    if not finding.township and not finding.key:
        return finding.message
    key = finding.key if "/" in finding.key or "." in finding.key else short_key(finding.key)
    return "  ".join(t for t in (finding.township, key) if t)


def rule_of(finding: Any) -> str:
    """The rule it is listed under: one about the run belongs to the rule that could not go on."""
    return finding.params.get("rule", finding.code) if finding.code.startswith("RUN") else finding.code


def not_run(code: str, number: int) -> Group:
    """A rule that this check did not run: a waiver of one of its findings is told all the same."""
    from ...core.model.report import Outcome, RuleOutcome

    title = tr("not run in this check")
    return Group(code, title, RuleOutcome(code, "", "", Outcome.PASSED, title=title), number=number)


def groups_of(report: Any) -> list[Group]:
    """The rules that have something to say, worst first."""
    groups = {r.code: Group(r.code, r.heading, r, number=n) for n, r in enumerate(report.rules, 1)}
    for finding in report.findings:
        code = rule_of(finding)
        if code not in groups:
            groups[code] = not_run(code, len(groups) + 1)
        groups[code].findings.append(finding)
    listed = [g for g in groups.values() if g.findings or g.aside]
    for group in listed:
        group.told_anew()
        group.order = group.ranks = [-1] * group.aside + list(range(len(group.findings)))
    return listed


def ranked(groups: list[Group], column: int, down: bool) -> list[Group]:
    """Rules by a column. Whatever it is, errors stay before warnings and skipped rules come last."""

    def value(number: int) -> Any:
        group = groups[number]
        outcome = str(group.outcome.outcome)
        return {PLACE: group.code, COUNT: len(group.findings), AREA: group.area, STATE: outcome}[column]

    ranked = [groups[n] for n in _sorted(range(len(groups)), value, down)]
    return sorted(ranked, key=lambda g: _RANK[g.severity])


def in_order(group: Group, column: int, down: bool) -> list[int]:
    """Row → position: the reason first, then the findings by a column."""

    def value(position: int) -> Any:
        finding = group.findings[position]
        return {PLACE: (finding.township, finding.key), STATE: finding.state}.get(column, finding.area_m2)

    return [-1] * group.aside + _sorted(range(len(group.findings)), value, down)


def in_view_first(group: Group) -> list[int]:
    """Row → position. A list that does not come at once has first what is in view, so that this is there at once."""
    if len(group.ranks) <= BATCH or not group.seen:
        return group.ranks
    seen = group.seen
    hidden = [position for position in group.ranks if position >= 0 and not seen[position]]
    return [position for position in group.ranks if position < 0 or seen[position]] + hidden


def haystack(group: Group, finding: Any) -> str:
    """What a search looks through, folded."""
    parts = (
        group.code,
        group.title,
        finding.township,
        finding.key,
        *finding.related_keys,
        finding.role,
        finding.message,
    )
    return " ".join(parts).casefold()


def _sorted(items, value, down):
    """Sorted by value; those without one last, in either direction."""
    values = {item: value(item) for item in items}
    there = [item for item in values if values[item] is not None]
    return sorted(there, key=values.__getitem__, reverse=down) + [item for item in values if values[item] is None]


def format_hectares(area_m2: float) -> str:
    """Return an area in hectares: four decimals below 1 ha, two above; positive areas are never shown as 0."""
    from ...core.messages.texts import number

    if 0 < area_m2 < 0.5:
        figure = "< 0.0001"
    else:
        figure = number(area_m2 / 1e4, 4 if area_m2 < 1e4 else 2)
    return tr("{number} ha").format(number=figure)


def format_label_lines(finding: Any) -> list[str]:
    """Return the lines of the map label: rule code and township; area and width; feature keys."""
    from ...core.messages.texts import area_text, short_key, width_text

    keys = " ↔ ".join(short_key(key) for key in (finding.key, *finding.related_keys[:1]) if key)
    if len(finding.related_keys) > 1:
        keys += " …"
    figures = []
    if finding.area_m2 is not None:
        areas = {"hectares": format_hectares(finding.area_m2), "area": area_text(finding.area_m2)}
        figures.append(tr("{hectares} ({area})").format(**areas))
    if finding.width_m is not None:
        figures.append(tr("width {width} m").format(width=width_text(finding.width_m, 1)))
    head = tr("  ").join(part for part in (finding.code, finding.township) if part)
    return [line for line in (head, tr("  ").join(figures), keys) if line]


def format_menu_line(finding: Any) -> str:
    """Return one line: rule code, location, area."""
    area = "" if finding.area_m2 is None else format_hectares(finding.area_m2)
    return tr("  ").join(part for part in (finding.code, place_of(finding), area) if part)
