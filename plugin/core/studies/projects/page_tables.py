# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables on the page of a project: control lines, land classes, zones, supplements, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable

from ...render.document.blocks import DocumentCell, DocumentColumn, DocumentTable
from ...render.words import ReportTexts
from ...standard.messages.numbers import format_hectare_number, format_number
from ...standard.messages.texts import Texts
from .review_sentences import Area, describe_part
from .reviewed_project import (
    SECTION,
    AreaBasis,
    LineItem,
    Outcome,
    ProjectResult,
    ZoneItem,
)

ICON_BY_OUTCOME = {
    Outcome.LISTED: "none",
    Outcome.CONFORMS: "ok",
    Outcome.CONDITIONAL: "warning",
    Outcome.UNDETERMINED: "unknown",
    Outcome.FAILS: "error",
}
_CIRCLED_NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩"
_NOTHING = "—"
#: Width of the column of outcomes: English words are longer.
_OUTCOME_PERCENT = {"zh": 12.5, "en": 15.5}


def format_area(area_m2: float | None) -> str:
    """Return an area in hectares without unit: 0 for none, a dash if it is unknown."""
    return "0" if area_m2 == 0 else format_hectare_number(area_m2)


def circle_number(number: int) -> str:
    """Return the number of a place as on the map."""
    return _CIRCLED_NUMBERS[number - 1] if number <= len(_CIRCLED_NUMBERS) else f"({number})"


class PageTables:
    """Makes the tables of one project in one language."""

    def __init__(self, one: ProjectResult, report_texts: ReportTexts):
        self.one, self.words, self.texts = one, report_texts, Texts(report_texts.lang)

    def _make_columns(self, *columns: tuple[str, float] | tuple[str, float, str]) -> tuple[DocumentColumn, ...]:
        """Return columns from (key of the title, percent of the width, alignment)."""
        return tuple(
            DocumentColumn(self.words.get("conformity_column", key), width, *align) for key, width, *align in columns
        )

    def make_line_table(self, numbers: dict[str, int]) -> DocumentTable:
        """Return 一、控制线审查. ``numbers``: id of a line → its number on the map."""
        outcome = _OUTCOME_PERCENT[self.words.lang]
        columns = self._make_columns(("line", 18.5), ("occupied", 11, "right"), ("basis", 12.5),
                                     ("rule", 52.5 - outcome), ("mark", 5.5, "center"),
                                     ("outcome", outcome))  # fmt: skip
        # The missing layers that do not count are one matter of the last table.
        lines = [line for line in self.one.lines if line.weight is not Outcome.LISTED]
        rows = []
        for line in lines:
            number = f" {circle_number(numbers[line.id])}" if line.id in numbers else ""
            occupied = DocumentCell(format_area(line.leading_m2))
            if line.outside_m2 is not None and line.area_m2 is not None:
                occupied = DocumentCell(
                    self.words.get("conformity", "inside", amount=format_area(line.area_m2)),
                    second_line=self.words.get("conformity", "outside", amount=format_area(line.outside_m2)),
                )
            basis = DocumentCell(self.words.get("conformity", "basis_statutory"))
            if line.area_m2 is None:
                basis = DocumentCell(_NOTHING)
            elif line.basis is AreaBasis.NET and line.net_m2 is not None:
                statutory = self.words.get("conformity", "statutory", amount=format_area(line.area_m2))
                basis = DocumentCell(
                    self.words.get("conformity", "basis_net"), second_line=statutory if line.area_m2 else ""
                )
            rows.append(
                (
                    DocumentCell(
                        line.name.render(self.texts) + number,
                        is_bold=True,
                        second_line=line.role if line.is_present else "",
                    ),
                    occupied,
                    basis,
                    self._make_rule_cell(line),
                    DocumentCell(line.mark or _NOTHING, is_mark=bool(line.mark)),
                    self._make_outcome_cell(line.outcome, line.is_confirmed),
                )
            )
        return DocumentTable(columns, tuple(rows), is_dense=True)

    def _make_rule_cell(self, line: LineItem) -> DocumentCell:
        """Return the rule that decides with its source, else the reason."""
        if not line.is_present:
            return DocumentCell(self.words.get("conformity", "layer_absent"))
        if line.has_gaps and not line.area_m2:
            return DocumentCell(self.words.get("conformity", "layer_unused"))
        # What leaves an item of a confirmed rule 未能判定 is in the project.
        if line.rule is None or line.has_gaps or (line.outcome is Outcome.UNDETERMINED and line.is_confirmed):
            return DocumentCell(
                line.reason.render(self.texts),
                second_line=line.rule.source.render(self.texts) if line.rule and line.has_gaps else "",
            )
        parts = [part for part in line.parts if part.part and part.shape is not None] if line.outside_m2 is None else []
        sentences = []
        if len(parts) > 1:
            areas = [
                f"{describe_part(part.part, self.texts)} {Area(part.area_m2).render(self.texts)}" for part in parts
            ]
            sentences.append(self.words.join_parts(areas) + self.words.get("page", "stop"))
        sentences.append(line.rule.condition.render(self.texts))
        if line.id == "farmland":
            approval = self.one.project.approval
            sentences.append(
                self.words.get("conformity", "approval" if approval else "approval_absent", number=approval)
            )
        return DocumentCell(self.words.join_sentences(sentences), second_line=line.rule.source.render(self.texts))

    def _make_outcome_cell(self, outcome: Outcome, is_confirmed: bool, word: str = "") -> DocumentCell:
        """Return an outcome with icon and word; a default that is not confirmed is marked."""
        return DocumentCell(
            word or self.texts.get(SECTION, f"outcome_{outcome}"),
            is_bold=True,
            second_line="" if is_confirmed else self.texts.get(SECTION, "unconfirmed_mark"),
            icon=ICON_BY_OUTCOME[outcome],
        )

    def make_class_table(self) -> DocumentTable:
        """Return 三、占用地类: areas by land class and ownership, with their sum."""
        columns = self._make_columns(("class", 22), ("code", 11), ("major_class", 14), ("ownership", 13),
                                     ("hectares", 13, "right"), ("square_metres", 15, "right"),
                                     ("share", 12, "right"))  # fmt: skip
        total = sum(item.area_m2 for item in self.one.classes) + self.one.unclassified_m2
        rows = [
            (item.name, item.code, item.major_class or _NOTHING, item.ownership or _NOTHING, item.area_m2)
            for item in self.one.classes
        ]
        if self.one.unclassified_m2:
            rows.append(
                (self.texts.get(SECTION, "unclassified"), _NOTHING, _NOTHING, _NOTHING, self.one.unclassified_m2)
            )
        cells = [tuple(DocumentCell(text) for text in (*row, *_format_areas(area, total))) for *row, area in rows]
        if rows:
            cells.append(
                tuple(
                    DocumentCell(text, is_bold=True)
                    for text in (self.texts.get(SECTION, "total"), "", "", "", *_format_areas(total, total))
                )
            )
        return DocumentTable(columns, tuple(cells), self.words.get("conformity", "no_classes"), is_dense=True)

    def describe_classes(self) -> str:
        """Return the sums by 三大类 and of 耕地; empty without land classes."""
        sums: dict[str, float] = {}
        for item in self.one.classes:
            sums[item.major_class] = sums.get(item.major_class, 0.0) + item.area_m2
        sums.pop("", None)
        if not sums:
            return ""
        shown = [f"{name} {self._hectares(area)}" for name, area in sums.items()]
        sentences = [self.words.get("page", "gap").join(shown) + self.words.get("page", "stop")]
        cultivated = self.one.find_line("cultivated")
        if cultivated is not None and cultivated.area_m2:
            key = "cultivated" if cultivated.net_m2 is not None else "cultivated_gross"
            gross, net = (self._hectares(area or 0.0) for area in (cultivated.area_m2, cultivated.net_m2))
            sentences.append(self.words.get("conformity", key, gross=gross, net=net))
        return self.words.join_sentences(sentences)

    def describe_townships(self) -> str:
        """Return the areas by township without slivers, of a project over several; else empty."""
        amounts = [(item.name, item.area_m2) for item in self.one.named_townships]
        if self.one.outside_townships_m2:
            amounts.append((self.texts.get(SECTION, "outside_townships"), self.one.outside_townships_m2))
        if len(amounts) < 2:
            return ""
        return self.words.get(
            "conformity",
            "by_township",
            areas=self.words.join_parts(f"{name} {self._hectares(area)}" for name, area in amounts),
        )

    def _hectares(self, area_m2: float) -> str:
        """Return an area in hectares with its unit."""
        return self.words.get("text", "hectares", amount=format_area(area_m2))

    def make_zone_table(self) -> DocumentTable:
        """Return 四、规划分区与准入: each zone with the admission of the use, and the sum."""
        outcome = _OUTCOME_PERCENT[self.words.lang]
        columns = self._make_columns(("zone", 16), ("hectares", 12.5, "right"), ("planned_use", 17),
                                     ("admission", outcome), ("condition", 49 - outcome),
                                     ("mark", 5.5, "center"))  # fmt: skip
        rows: list[tuple[DocumentCell, ...]] = [
            (
                # Without a name: land without a zone, or a plan without zones.
                DocumentCell(
                    zone.name or self.words.get("conformity", "no_zone"),
                    is_bold=True,
                    second_line=zone.parent_name if zone.parent_name != zone.name else "",
                ),
                DocumentCell(format_area(zone.area_m2)),
                DocumentCell(self.describe_use()),
                self._make_outcome_cell(
                    zone.outcome,
                    zone.is_confirmed,
                    "" if zone.follows else self.texts.get(SECTION, f"admission_{zone.admission}"),
                ),
                self._make_condition_cell(zone),
                DocumentCell(zone.mark or _NOTHING, is_mark=bool(zone.mark)),
            )
            for zone in self.one.zones
        ]
        located = [zone for zone in self.one.zones if zone.area_m2]
        if len(located) > 1:
            # Zones that overlap each have all their land.
            total = format_area(min(sum(zone.area_m2 for zone in located), self.one.project.statutory_m2))
            rows.append(
                tuple(
                    DocumentCell(text, is_bold=True)
                    for text in (self.texts.get(SECTION, "total"), total, "", "", "", "")
                )
            )
        return DocumentTable(columns, tuple(rows), self.words.get("conformity", "no_zones"), is_dense=True)

    def _make_condition_cell(self, zone: ZoneItem) -> DocumentCell:
        """Return the condition of the row that decides, and of which line the zone has the outcome, with the source."""
        if zone.rule is None:
            return DocumentCell(zone.reason.render(self.texts))
        sentences = [one.render(self.texts) for one in (zone.rule.condition, zone.follows) if one is not None]
        return DocumentCell(self.words.join_sentences(sentences), second_line=zone.rule.source.render(self.texts))

    def describe_use(self) -> str:
        """Return name and code of the use, else its text."""
        project = self.one.project
        return (
            f"{project.use_name}{self.words.put_in_brackets(project.use_code)}"
            if project.use_code
            else project.use_text or _NOTHING
        )

    def make_supplement_table(self) -> DocumentTable:
        """Return 五、永久基本农田补划与耕地占补."""
        columns = self._make_columns(("matter", 17), ("occupied_net", 17.5, "right"), ("due_net", 17.5, "right"),
                                     ("requirement", 28), ("submitted", 20))  # fmt: skip
        rows = []
        for item in self.one.supplements:
            area = format_area(item.occupied_m2)
            gross = self.words.get("conformity", "statutory", amount=format_area(item.statutory_m2))
            documents = ("approval", "plan") if item.id == "farmland" else ("compensation",)
            values = {"approval": item.document, "plan": item.plan, "compensation": item.plan or item.document}
            colon, absent = self.words.get("page", "colon"), self.texts.get(SECTION, "not_given")
            shown = [
                f"{self.words.get('conformity', f'document_{key}')}{colon}{values[key] or absent}" for key in documents
            ]
            requirement = _NOTHING
            if item.id == "farmland":
                # The table of control lines has the whole rule with its source.
                requirement = self.words.get("conformity", "requirement_farmland")
            elif item.rule is not None:
                requirement = item.rule.condition.render(self.texts)
            rows.append(
                (
                    DocumentCell(self.texts.get(SECTION, f"supplement_{item.id}"), is_bold=True),
                    DocumentCell(area, second_line=gross if item.occupied_m2 is None else ""),
                    DocumentCell(f"≥ {area}" if item.occupied_m2 is not None else _NOTHING),
                    DocumentCell(requirement),
                    DocumentCell(shown[0], second_line="".join(shown[1:])),
                )
            )
        unknown = [
            line.id
            for line in self.one.lines
            if line.id in ("farmland", "cultivated") and (line.area_m2 is None or line.has_gaps)
        ]
        # The table of control lines has the area of the other one.
        suffix = f"_of_{unknown[0]}" if len(unknown) == 1 else ""
        key = f"supplements_unknown{suffix}" if unknown else "no_supplements"
        return DocumentTable(columns, tuple(rows), self.words.get("conformity", key), is_dense=True)

    def make_missing_table(self) -> DocumentTable:
        """Return 七、未能判定事项."""
        columns = self._make_columns(("position", 5, "center"), ("matter", 18), ("missing", 33), ("remedy", 44))
        rows = []
        for number, item in enumerate(self.one.missing, 1):
            line = self.one.find_line(item.id)
            missing, remedy = item.missing.render(self.texts), item.remedy.render(self.texts)
            # Short where the table of control lines has the rest.
            if line is not None and line.rule is None and not line.is_present:
                missing = self.words.get("conformity", "missing_layer", role=line.role)
                remedy = self.words.get("conformity", "remedy_layer")
            rows.append(
                (
                    DocumentCell(str(number)),
                    DocumentCell(item.name.render(self.texts), is_bold=True),
                    DocumentCell(missing),
                    DocumentCell(remedy),
                )
            )
        return DocumentTable(columns, tuple(rows), self.words.get("conformity", "none_missing"), is_dense=True)


def _format_areas(area_m2: float, total_m2: float) -> Iterable[str]:
    """Return an area in hectares and m², and its share of the whole."""
    share = f"{format_number(100 * area_m2 / total_m2, 2)}%" if total_m2 else _NOTHING
    return format_area(area_m2), format_number(area_m2, 2), share
