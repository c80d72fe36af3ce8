# SPDX-License-Identifier: GPL-2.0-or-later
"""A gathering (汇总): options, counties, layers and result, sums of the counties' indicators, sentences and notes.

Areas and counts are added; ratios and shares cannot be. Sentences are for console and log, notes for the package and
its tables: on left-out counties and layers, editions, and repeated keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model.indicator import COUNT_UNIT, SQUARE_METRES, Indicator
from ...package.problems import BLOCKING_VERDICTS, MAX_NAMED_FEATURES, ExportProblem, ProblemLevel
from ...standard.messages.texts import Message, MessageList, MessagePart, NameList, Texts, strip_folders
from ...standard.options import RunOptions
from .returned_findings import Inspection

if TYPE_CHECKING:
    from ...model.report import Report
    from ...package.slot_files import FilledSlot
    from ...standard.profile import IndicatorTarget, Norm
    from ..seams.seam_result import SeamResult
    from .allotted_target import Allotment
    from .round_states import CountyRound, FormerRound

GATHERING_SCHEMA = "sanxian-gathering/1"
#: Workbook of the result next to the package, and the folder of the seams.
GATHERING_XLSX, SEAMS_FOLDER = "gathering.xlsx", "seams"
#: Inputs of a ratio of areas, by which the ratio of several counties is computed.
_RATIO_INPUTS = {"numerator_m2", "denominator_m2"}
#: Bases of areas in the tables, in the order of their columns.
AREA_BASES = ("statutory", "survey", "net", "declared")


class GatherState(StrEnum):
    """What became of a county's package: 已汇入, 未汇入 with the reason, or 可汇入，未生成成果包."""

    GATHERED = "gathered"
    REFUSED = "refused"
    NOT_GATHERED = "not_gathered"


@dataclass(frozen=True)
class GatherOptions:
    """Options of a gathering.

    ``source``: a folder of packages or a list (csv, xlsx); ``output``: the folder for the package and the tables;
    ``parent_spec``, ``county_spec``: id or path of the specifications of both packages; ``area_code``: code of the city
    or province, empty: from the names of the counties; ``check``: standard, profile and language of the inspections;
    ``parent_profile``: profile of the city or province; ``leaves_out``: leave out counties that cannot be gathered,
    instead of making no package; ``is_forced``: make the package although a required part is missing;
    ``keeps_personal_fields``: include fields with personal data; ``targets``: table of targets of the parent;
    ``checks_whole``: check the gathered data as a whole, if they are of a city; ``deadline``: day (2026-12-15) until
    which counties have to correct what is found; ``former``: result of an earlier round, its folder or gathering.json.
    """

    source: str | Path
    output: Path
    parent_spec: str = "city"
    county_spec: str = "county"
    area_code: str = ""
    documents_folder: Path | None = None
    check: RunOptions = field(default_factory=RunOptions)
    parent_profile: str = ""
    leaves_out: bool = False
    is_forced: bool = False
    keeps_personal_fields: bool = False
    checks_seams: bool = True
    targets: str = ""
    checks_whole: bool = True
    deadline: str = ""
    former: str = ""


@dataclass
class LayerAmount:
    """Amount of a layer, of one county or of all: rows and areas (m²) by basis, as read from the written data."""

    title: str
    rows: int = 0
    areas_m2: dict[str, float] = field(default_factory=dict)

    def add(self, rows: int, areas_m2: dict[str, float]) -> None:
        """Add rows and areas."""
        self.rows += rows
        for basis, area in areas_m2.items():
            self.areas_m2[basis] = self.areas_m2.get(basis, 0.0) + area

    def to_dict(self) -> dict[str, Any]:
        """Return the amount as plain data for JSON."""
        return {"title": self.title, "rows": self.rows, "areas_m2": {k: round(v, 4) for k, v in self.areas_m2.items()}}


@dataclass
class GatheredCounty:
    """A county of a gathering.

    ``name``: unique name in the list; ``reasons``: why the package is refused; ``summary``, ``scope``: those of the
    inspection; ``standard``: id and edition of its database standard by the manifest; ``version``: of the plugin
    that made it; ``digest``: SHA-256 of its manifest; ``crs``: label of the CRS of its layers → layers; ``layers``:
    layer of the parent's package → amount; ``left_out``: layers that are not written → rows, None if unknown;
    ``unspecified``: those of them that the parent's database has, but not the specification; ``renamed``: layer code of
    the county → code in the parent's package, where it was changed; ``filled``: layer of the parent's package → fields
    that the county's layer lacks and that the gathering filled; ``figures``: areas (m²), counts and ratios of the
    inspection; ``gaps``: unknown data of its layers (`Layer.gaps`); ``inspection``: what it has to correct;
    ``targets``: of its profile; ``townships``: code → name.
    """

    name: str
    state: GatherState = GatherState.GATHERED
    reasons: list[MessagePart] = field(default_factory=list)
    area_code: str = ""
    area_name: str = ""
    summary: dict[str, Any] = field(default_factory=dict)
    scope: str = ""
    standard: str = ""
    version: str = ""
    digest: str = ""
    source_crs: frozenset[str] = frozenset()
    crs: dict[str, list[str]] = field(default_factory=dict)
    layers: dict[str, LayerAmount] = field(default_factory=dict)
    left_out: dict[str, int | None] = field(default_factory=dict)
    unspecified: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    filled: dict[str, tuple[str, ...]] = field(default_factory=dict)
    figures: list[Indicator] = field(default_factory=list)
    gaps: tuple[Message, ...] = ()
    inspection: Inspection = field(default_factory=Inspection)
    targets: tuple[IndicatorTarget, ...] = ()
    townships: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return the name of the area, else that of the package."""
        return self.area_name or self.name

    def refuse(self, *reasons: MessagePart) -> None:
        """Record why the package cannot be gathered."""
        self.state = GatherState.REFUSED
        self.reasons += reasons

    def mark_not_gathered(self) -> None:
        """Record that the package could be gathered, but that the parent's package is not made."""
        self.state = GatherState.NOT_GATHERED
        self.layers, self.left_out, self.unspecified, self.renamed, self.filled = {}, {}, set(), {}, {}

    @property
    def is_gathered(self) -> bool:
        """Return True if the layers of the county are in the parent's package."""
        return self.state is GatherState.GATHERED


@dataclass(frozen=True)
class RepeatedKeys:
    """Keys (标识码, BSM) that two counties have: their names, the number of keys, and the first few of them."""

    first_county: str
    second_county: str
    count: int
    examples: tuple[str, ...]


@dataclass
class GatherResult:
    """The result of a gathering.

    ``package``: folder of the package, None if it was not made; ``amounts``: layer → amount of the whole package;
    ``problems``: problems of the package and its layers; ``whole``: report of the check of the gathered data, None
    without one; ``deadline``: day until which counties have to correct what is found; ``former``: the earlier round;
    ``rounds``: each county compared with it; ``allotments``: targets and what is not yet allotted.
    """

    area_code: str
    area_name: str
    counties: list[GatheredCounty]
    lang: str
    time: datetime
    package: Path | None = None
    digest: str = ""
    amounts: dict[str, LayerAmount] = field(default_factory=dict)
    problems: list[ExportProblem] = field(default_factory=list)
    repeated_keys: list[RepeatedKeys] = field(default_factory=list)
    seams: SeamResult | None = None
    ignored_names: tuple[str, ...] = ()
    whole: Report | None = None
    deadline: date | None = None
    former: FormerRound | None = None
    rounds: list[CountyRound] = field(default_factory=list)
    allotments: list[Allotment] = field(default_factory=list)

    @property
    def gathered(self) -> list[GatheredCounty]:
        """Return the counties that are in the package."""
        return [one for one in self.counties if one.is_gathered]

    @property
    def refused(self) -> list[GatheredCounty]:
        """Return the counties that cannot be gathered."""
        return [one for one in self.counties if one.state is GatherState.REFUSED]

    @property
    def returned(self) -> list[GatheredCounty]:
        """Return the counties that get a 退回意见: those with findings, and those that cannot be gathered."""
        return [one for one in self.counties if one.inspection.findings or one.reasons]

    def mark_not_gathered(self) -> None:
        """Record that no package is made: no county is in it, and it has no amounts."""
        for one in self.gathered:
            one.mark_not_gathered()
        self.amounts = {}

    @property
    def has_problems(self) -> bool:
        """Return True if a county was left out, keys are repeated, or the seams or the whole data have problems."""
        has_errors = self.whole is not None and str(self.whole.verdict) in BLOCKING_VERDICTS
        has_seam_problems = self.seams is not None and self.seams.has_problems
        return bool(self.refused or self.repeated_keys or has_seam_problems or has_errors)


@dataclass
class FigureSum(Indicator):
    """The sum of an indicator on one basis.

    ``counted``: counties with the figure; ``missing``: gathered counties without it; ``unconfirmed``: counted counties
    of which the figure is not confirmed.
    """

    counted: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)


def list_figures_to_add(indicators: Iterable[Indicator]) -> list[Indicator]:
    """Return the areas (in m²), counts and ratios of areas of a whole county, each indicator once for each basis.

    Figures without a value are left out, and so are ratios without numerator and denominator.
    """
    figures: dict[tuple[str, str], Indicator] = {}
    for one in indicators:
        is_ratio = _RATIO_INPUTS <= one.inputs.keys()
        if one.place or one.value is None or not (one.unit == COUNT_UNIT or one.unit in SQUARE_METRES or is_ratio):
            continue
        unit = "m2" if one.unit in SQUARE_METRES else one.unit
        figure = replace(one, unit=unit, value=one.value * SQUARE_METRES.get(one.unit, 1.0))
        # With targets for several years, the report has the same figure once for each target.
        former = figures.setdefault((one.id, one.basis), figure)
        figures[one.id, one.basis] = replace(former, confirmed=former.confirmed and figure.confirmed)
    return list(figures.values())


def sum_figures(counties: Iterable[GatheredCounty]) -> list[FigureSum]:
    """Return the sum of each indicator over counties; one that counties have on two bases has two sums.

    A ratio is the sum of the numerators ÷ the sum of the denominators.
    """
    counties = list(counties)
    figures: dict[tuple[str, str], list[tuple[GatheredCounty, Indicator]]] = {}
    for county in counties:
        for one in county.figures:
            figures.setdefault((one.id, one.basis), []).append((county, one))
    return [
        FigureSum(
            indicator,
            _sum_values([one for _, one in found]),
            found[0][1].unit,
            basis,
            inputs={key: sum(one.inputs[key] for _, one in found) for key in _RATIO_INPUTS & found[0][1].inputs.keys()},
            name=found[0][1].name,
            counted=[county.label for county, _ in found],
            missing=[county.label for county in counties if all(county is not other for other, _ in found)],
            unconfirmed=[county.label for county, one in found if not one.confirmed],
        )
        for (indicator, basis), found in figures.items()
    ]


def _sum_values(figures: list[Indicator]) -> float:
    """Return the sum of figures, or of ratios the sum of numerators ÷ the sum of denominators."""
    if not _RATIO_INPUTS <= figures[0].inputs.keys():
        return sum(one.value or 0.0 for one in figures)
    numerator, denominator = (sum(one.inputs[key] for one in figures) for key in ("numerator_m2", "denominator_m2"))
    return float(numerator / denominator)


#: Problems that the console lists; the workbook has all.
_MAX_LISTED = 20


def describe_reasons(county: GatheredCounty, texts: Texts) -> str:
    """Return why a county is refused, as one text without folders of this machine."""
    return strip_folders(" ".join(part.render(texts) for part in county.reasons))


def describe_county(county: GatheredCounty, texts: Texts) -> str:
    """Return the result of a county as a line."""
    if county.state is GatherState.NOT_GATHERED:
        return texts.get("gathering", "not_gathered_line", name=county.name)
    if county.state is GatherState.REFUSED:
        return texts.get("gathering", "refused_line", name=county.name, reasons=describe_reasons(county, texts))
    return texts.get(
        "gathering",
        "county_line",
        name=county.name,
        verdict=texts.get("verdicts", county.summary["verdict"]),
        rows=sum(one.rows for one in county.layers.values()),
        **{key: county.summary[key] for key in ("errors", "warnings")},
    )


def describe_result(result: GatherResult, texts: Texts) -> list[str]:
    """Return what was gathered: counties, rows, seams, and the problems of the package."""
    lines = [
        texts.get(
            "gathering",
            "done",
            area=f"{result.area_name} {result.area_code}",
            counties=len(result.gathered),
            refused=len(result.refused),
            layers=len(result.amounts),
            rows=sum(one.rows for one in result.amounts.values()),
        )
    ]
    sentences = [one.format_as_sentence(texts) for one in result.problems]
    lines += sentences[:_MAX_LISTED]
    if len(sentences) > _MAX_LISTED:
        lines.append(texts.get("gathering", "more", count=len(sentences) - _MAX_LISTED))
    if result.seams is not None:
        lines.append(
            texts.get("gathering", "seams", pairs=len(result.seams.pairs), findings=len(result.seams.findings))
        )
    if returned := result.returned:
        lines.append(texts.get("gathering", "returns", count=len(returned)))
    if result.rounds:
        counts = Counter(str(state) for one in result.rounds for state, _ in one.findings)
        states = ("corrected", "open", "new", "waived", "unchecked")
        lines.append(texts.get("gathering", "rounds", **{key: counts[key] for key in states}))
    if result.ignored_names:
        lines.append(
            texts.get("gathering", "ignored", names=texts.get("words", "between_names").join(result.ignored_names))
        )
    return lines


def find_gathering_problems(
    result: GatherResult, norm: Norm, filled_slots: Iterable[FilledSlot], *, checks_whole: bool = False
) -> Iterator[ExportProblem]:
    """Yield what concerns several counties: repeated keys stop the package unless it is forced, others are notes.

    ``checks_whole``: the gathered data will be checked, so that the package gets report, documents and tables.
    """
    for one in result.repeated_keys:
        params = {"first": one.first_county, "second": one.second_county}
        yield ExportProblem(ProblemLevel.GATE, "gather_keys", count=one.count, features=one.examples, params=params)
    if result.refused:
        yield ExportProblem(
            ProblemLevel.NOTE,
            "gather_left_out",
            count=len(result.refused),
            features=tuple(one.name for one in result.refused[:MAX_NAMED_FEATURES]),
        )
    counties: dict[tuple[str, str], list[str]] = {}
    for county in result.gathered:
        for gap in county.gaps:
            yield ExportProblem(ProblemLevel.NOTE, "gather_gaps", params={"county": county.label, "gap": gap})
        for pair in county.renamed.items():
            counties.setdefault(pair, []).append(county.name)
    yield from _find_left_out_layers(result)
    for (source, target), county_names in counties.items():
        params = {"source": source, "title": norm.standard.templates[target].name}
        yield ExportProblem(
            ProblemLevel.NOTE,
            "gather_renamed",
            target,
            "",
            len(county_names),
            tuple(county_names[:MAX_NAMED_FEATURES]),
            params,
        )
    yield from _find_filled_fields(result)
    yield from _find_editions(result)
    if checks_whole:
        return
    # Documents that an export makes from its check, and that the office did not provide.
    levels = {"M": ProblemLevel.GATE, "C": ProblemLevel.NOTE}
    for filled in filled_slots:
        if filled.slot.generated and not filled.file_paths and filled.slot.need in levels:
            yield ExportProblem(
                levels[filled.slot.need],
                "document_not_made",
                params={"title": filled.slot.title, "reason": Message("gathering", "document_reason")},
            )
    # The check and the figures of a whole plan need all its layers in memory.
    yield from (
        ExportProblem(ProblemLevel.NOTE, "gather_not_checked", count=len(result.gathered)),
        ExportProblem(ProblemLevel.NOTE, "tables_not_made", params={"reason": Message("gathering", "tables_reason")}),
    )


def _find_left_out_layers(result: GatherResult) -> Iterator[ExportProblem]:
    """Yield a note for each layer that the parent's database or specification lacks, with its rows and counties."""
    found: dict[tuple[str, bool], dict[str, int | None]] = {}
    for county in result.gathered:
        for name, count in county.left_out.items():
            found.setdefault((name, name in county.unspecified), {})[county.name] = count
    for (name, is_unspecified), row_counts in found.items():
        text, names = "gather_layer_unspecified" if is_unspecified else "gather_layer_left_out", list(row_counts)
        known = [one for one in row_counts.values() if one is not None]
        is_counted = len(known) == len(row_counts)
        yield ExportProblem(
            ProblemLevel.NOTE,
            text if is_counted else f"{text}_uncounted",
            name,
            "",
            len(names),
            tuple(names[:MAX_NAMED_FEATURES]),
            {"rows": sum(known)} if is_counted else {},
        )


def _find_filled_fields(result: GatherResult) -> Iterator[ExportProblem]:
    """Yield a note for each layer with fields that counties lack and that were filled, with the counties."""
    counties: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for county in result.gathered:
        for layer_and_fields in county.filled.items():
            counties.setdefault(layer_and_fields, []).append(county.name)
    for (layer, names), county_names in counties.items():
        yield ExportProblem(
            ProblemLevel.NOTE,
            "gather_filled",
            layer,
            "",
            len(county_names),
            tuple(county_names[:MAX_NAMED_FEATURES]),
            {"fields": NameList(names)},
        )


def _find_editions(result: GatherResult) -> Iterator[ExportProblem]:
    """Yield a note if counties were made by different standards or editions, or by different versions of the plugin."""
    for key in ("standard", "version"):
        counties: dict[str, list[str]] = {}
        for county in result.gathered:
            counties.setdefault(getattr(county, key), []).append(county.name)
        if len(counties) > 1:
            parts = tuple(
                Message(
                    "gathering",
                    "edition_of_county" if len(names) == 1 else "edition_of_counties",
                    {"edition": edition or "—", "count": len(names), "county": names[0]},
                )
                for edition, names in counties.items()
            )
            yield ExportProblem(ProblemLevel.NOTE, f"gather_{key}s", params={"found": MessageList(parts)})
