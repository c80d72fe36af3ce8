# SPDX-License-Identifier: GPL-2.0-or-later
"""The page to be signed on a project (建设项目合规性审查意见): one document for one project or for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...geometry.crs import describe_crs, parse_crs
from ...render.document.blocks import (
    Block,
    Document,
    DocumentCell,
    DocumentColumn,
    DocumentTable,
    FactTable,
    Heading,
    NoticeBox,
    PageBreak,
    PageHeaderFooter,
    Paragraph,
    Picture,
    PictureWithText,
    Signature,
    VerdictBox,
)
from ...render.document.check_report import SectionNumbers
from ...render.document.print_html import make_blank_png
from ...render.document.table_document import make_table_blocks
from ...render.outputs import compute_data_digest
from ...render.words import ReportTexts
from ...standard.messages.numbers import format_hectare_number, format_number, format_square_metres
from ...standard.messages.texts import Texts
from ...standard.profile import resolve_document
from .lower_plan import describe_plan, make_lower_plan_table
from .page_tables import ICON_BY_OUTCOME, PageTables, circle_number, format_area
from .project_map import (
    PX_PER_MM,
    MapScene,
    ProjectMapper,
    draw_legend,
    draw_map,
    list_numbered_lines,
    load_map_settings,
)
from .review_sentences import Area, count_outcome, explain_verdict, get_outcome_name
from .reviewed_project import (
    SECTION,
    VERDICTS,
    ConformityResult,
    NoteLevel,
    Outcome,
    ProjectResult,
    ReviewItem,
    SupplyMode,
)

#: Converts a drawing in SVG into a PNG of a width in px.
Rasterise = Callable[[str, int], bytes]
#: Pixels of a printed picture for each mm: 220 dpi, because Qt draws dashes and hatches slowly.
_PIXELS_PER_MM = 8.7
_DIGEST_DIGITS, _DIGEST_GROUP = 16, 4
#: Zones of 6° in China have the numbers 13 to 23, those of 3° the numbers 25 to 45.
_FIRST_3_DEGREE_ZONE = 25


def make_conformity_document(
    result: ConformityResult,
    *,
    rasterise: Rasterise | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Document:
    """Return the pages on all projects; before them one table if there are several.

    Parameters
    ----------
    result
        The review.
    rasterise
        Draws the maps as pixels, for programs that do not show vectors; QGIS has it. None: these programs show an
        empty frame, and a note below the map names the remedy.

    Raises
    ------
    Cancelled
        Between projects.
    """
    report_texts = ReportTexts(result.lang)
    digest = compute_data_digest(result.plan, cancellation)[:_DIGEST_DIGITS].upper()
    groups = [digest[n : n + _DIGEST_GROUP] for n in range(0, len(digest), _DIGEST_GROUP)]
    info = resolve_document(result.document_info, result.plan.norm.profile).document_info
    mapper = ProjectMapper(result, cancellation)
    limit = int(load_map_settings().max_projects)
    title = report_texts.get("conformity", "title")
    # The parcels of a lower plan always have a summary.
    is_single = len(result.results) == 1 and result.lower_plan is None
    blocks: list[Block] = [] if is_single else [*_make_summary(result, report_texts, limit)]
    summary_title = report_texts.get("conformity", "summary_title")
    if result.lower_plan is not None:
        texts = Texts(result.lang)
        area = f"{result.area_name}{describe_plan(result.lower_plan, texts)}"
        summary_title = texts.get("lower_plan_titles", "conformity_projects", area=area)
        blocks += make_table_blocks([make_lower_plan_table(result.lower_plan, texts)], texts)
    for one in result.results[:limit]:
        cancellation.raise_if_cancelled()
        if not is_single:
            blocks += [PageBreak(), Heading(title, 0)]
        blocks += _ProjectPage(one, result, " ".join(groups) or "—", mapper, rasterise, report_texts).make_blocks()
    number = result.results[0].project.number if is_single else ""
    placeholder = report_texts.get("conformity", "placeholder")
    return Document(
        title if is_single else summary_title,
        "",
        PageHeaderFooter(
            header_left=report_texts.get("conformity", "compiler", name=info.compiler or placeholder),
            header_right=report_texts.get("signed", "secrecy", level=info.secrecy or placeholder),
            footer_left=report_texts.get("page", "product"),
            footer_right=report_texts.get("conformity", "number", number=number or placeholder) if is_single else "",
            page_number_format=report_texts.get("page", "number"),
        ),
        tuple(blocks),
        result.lang,
        is_dense=True,
    )


def _make_summary(result: ConformityResult, report_texts: ReportTexts, limit: int) -> Iterator[Block]:
    """Yield one table of all projects, and what was left out."""
    texts = Texts(result.lang)
    counts = [f"{get_outcome_name(verdict, texts)} {format_number(result.count(verdict), 0)}" for verdict in VERDICTS]
    yield from (
        FactTable(
            (
                (
                    (report_texts.get("head", "area"), result.area_name),
                    (report_texts.get("conformity", "date"), _format_date(result, report_texts)),
                ),
                (
                    (report_texts.get("conformity", "projects"), result.source),
                    (report_texts.get("conformity", "admission"), result.admission_file),
                ),
                ((report_texts.get("conformity", "verdicts"), report_texts.get("page", "gap").join(counts)),),
            )
        ),
        Heading(report_texts.get("conformity", "summary"), note=report_texts.get("conformity", "summary_note")),
    )
    columns = (
        ("position", 4, "center"), ("project", 16, "left"), ("total_area", 8.5, "right"), ("farmland", 11.5, "right"),
        ("cultivated", 8.5, "right"), ("red_line", 8.5, "right"), ("outcome", 10.5, "left"), ("reason", 32.5, "left"),
    )  # fmt: skip
    rows = [
        (
            DocumentCell(str(position)),
            DocumentCell(one.project.label, is_bold=True, second_line=one.project.number if one.project.name else ""),
            DocumentCell(format_area(one.project.statutory_m2)),
            *(
                DocumentCell(format_area(line.leading_m2 if line else None))
                for line in map(one.find_line, ("farmland", "cultivated", "red_line"))
            ),
            DocumentCell(get_outcome_name(one.verdict, texts), is_bold=True, icon=ICON_BY_OUTCOME[one.verdict]),
            DocumentCell(explain_verdict(one, texts) or "—"),
        )
        for position, one in enumerate(result.results, 1)
    ]
    yield DocumentTable(
        tuple(
            DocumentColumn(report_texts.get("conformity_column", key), width, align) for key, width, align in columns
        ),
        tuple(rows),
        report_texts.get("conformity", "no_projects"),
        is_dense=True,
    )
    if len(result.results) > limit:
        shown, count = format_number(limit, 0), format_number(len(result.results), 0)
        yield Paragraph(report_texts.get("conformity", "pages_of", shown=shown, count=count), is_small=True)
    yield from (
        Paragraph(note.message.render(texts), is_small=True) for note in result.notes if note.level is NoteLevel.ERROR
    )


def _format_date(result: ConformityResult, report_texts: ReportTexts) -> str:
    """Return the day of the review as in official documents."""
    day = result.time
    return report_texts.get("conformity", "date_format", year=day.year, month=day.month, day=day.day)


class _ProjectPage:
    """Makes the blocks on one project."""

    def __init__(
        self,
        one: ProjectResult,
        result: ConformityResult,
        digest: str,
        mapper: ProjectMapper,
        rasterise: Rasterise | None,
        report_texts: ReportTexts,
    ):
        self.one, self.result, self.digest, self.mapper = one, result, digest, mapper
        self.rasterise, self.words, self.texts = rasterise, report_texts, Texts(report_texts.lang)
        self._get = partial(report_texts.get, "conformity")
        self.tables = PageTables(one, report_texts)

    def _make_signature(self) -> Signature:
        return Signature(
            tuple(self._get(f"sign_{key}") for key in ("handler", "reviewer", "head", "office")),
            self._get("sign_date"),
            load_map_settings().opinion_mm,
            self._get(
                "data",
                area=self.result.area_name,
                name=self.result.data_name,
                digest=self.digest,
                table=self.result.admission_file,
            ),
        )

    def make_blocks(self) -> Iterator[Block]:
        """Yield facts, verdict, the sections, and the fields to be signed."""
        sections = SectionNumbers(self.words)

        def make_heading(key: str, note: str = "") -> Heading:
            return Heading(sections.number_title(self._get(key)), note=note)

        yield FactTable(self._list_facts())
        one = self.one
        all_items: list[ReviewItem] = [*one.lines, *one.zones]
        items = [item for item in all_items if count_outcome(item) is not Outcome.LISTED]
        counts = {
            str(verdict): format_number(sum(item.outcome is verdict for item in items), 0) for verdict in VERDICTS
        }
        yield VerdictBox(
            get_outcome_name(one.verdict, self.texts),
            explain_verdict(one, self.texts),
            self._get("counts", **counts),
            is_passed=one.verdict is Outcome.CONFORMS,
            options=tuple((get_outcome_name(verdict, self.texts), verdict is one.verdict) for verdict in VERDICTS),
        )
        yield from (
            make_heading("lines", self._get("lines_note")),
            self.tables.make_line_table({line.id: number for number, line in list_numbered_lines(self.one)}),
        )
        scenes = self.mapper.make_scenes(self.one)
        yield make_heading("map", self._get("map_note", scale=format_number(scenes[0].frame.scale, 0)))
        yield from self._make_maps(scenes)
        yield from (make_heading("classes", self._get("classes_note")), self.tables.make_class_table())
        yield from (
            Paragraph(sums, is_small=True)
            for sums in (self.tables.describe_classes(), self.tables.describe_townships())
            if sums
        )
        yield from (
            make_heading("zones", self._get("zones_note", table=self.result.admission_file)),
            self.tables.make_zone_table(),
            make_heading("supplements"),
            self.tables.make_supplement_table(),
        )
        if self.one.heritage is not None:
            yield NoticeBox(
                self._get("heritage_word"),
                sections.number_title(self._get("heritage")),
                self.one.heritage.message.render(self.texts),
                self.one.heritage.mark,
            )
        yield from (
            make_heading("missing", self._get("missing_note") if self.one.missing else ""),
            self.tables.make_missing_table(),
        )
        if self.result.unread_note:
            yield Paragraph(self.result.unread_note.render(self.texts), is_small=True)
        yield from (
            Paragraph(note.message.render(self.texts), is_small=True)
            for note in self.one.notes
            if note.level is NoteLevel.WARNING
        )
        yield make_heading("opinion")
        yield self._make_signature()

    def _list_facts(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Return the rows of the table at the head."""
        project = self.one.project
        places = self.words.join_parts(item.name for item in self.one.named_townships)
        place = self.words.join_sentences((self.result.area_name, places))
        uses = [(self._get("place"), place), (self._get("use"), self.tables.describe_use())]
        # A drawn project has no field for the supply.
        if project.supply is not SupplyMode.UNKNOWN:
            uses.append((self._get("supply"), self.texts.get(SECTION, f"supply_{project.supply}")))
        source, row = project.origin or (project.source, project.row)
        kind = self.texts.get(SECTION, f"kind_{project.kind}")
        shape = self._get("source" if source else "drawn", source=source, row=row, kind=kind)
        if project.width_m is not None:
            shape += self.words.put_in_brackets(self._get("width", width=format_number(project.width_m, 2)))
        amounts = [self._get("statutory_area", **_format_both(project.statutory_m2))]
        difference = project.declared_difference_m2
        if project.declared_m2 is not None and difference is not None:
            amounts.append(self._get("declared_area", **_format_both(project.declared_m2)))
            share = format_number(100 * abs(difference) / project.declared_m2, 2) if project.declared_m2 else "—"
            amounts.append(self._get("difference", area=format_square_metres(abs(difference)), share=share))
        return (
            ((self._get("name"), project.name or project.label), (self._get("number_label"), project.number)),
            ((self._get("applicant"), project.applicant), (self._get("date"), _format_date(self.result, self.words))),
            tuple(uses),
            ((self._get("area"), self.words.get("page", "gap").join(amounts)),),
            ((self._get("shape"), shape), (self._get("crs"), describe_crs_in_words(project.crs, self.words))),
        )

    def _make_maps(self, scenes: Sequence[MapScene]) -> Iterator[Block]:
        """Yield the map of the project and those of details."""
        for number, scene in enumerate(scenes):
            if number > 0:
                scale, count = format_number(scene.frame.scale, 0), len(scenes) - 1
                yield Paragraph(self._get("detail_map", number=number, count=count, scale=scale))
            yield from self._make_map(scene)
        if self.rasterise is None:
            yield Paragraph(self._get("vector_note"), is_small=True)

    def _make_map(self, scene: MapScene) -> Iterator[Block]:
        """Yield the map with its numbered places and legend."""
        settings = load_map_settings()
        texts = [
            self._get(
                "map_place",
                number=circle_number(place.number),
                line=place.line.name.render(self.texts),
                area=Area(place.line.leading_m2 or 0.0).render(self.texts),
                basis=self.texts.get(SECTION, f"basis_{place.line.basis}"),
            )
            for place in scene.places
        ]
        places = [Paragraph(text, is_small=True) for text in texts]
        drawing = make_picture(
            draw_map(scene, self.one.project.statutory_m2, self.words), settings.width_mm, self.rasterise
        )
        yield PictureWithText(
            drawing, (*places, make_picture(draw_legend(scene, self.words), settings.legend_mm, self.rasterise))
        )


def make_picture(svg: str, width_mm: float, rasterise: Rasterise | None, caption: str = "") -> Picture:
    """Return a drawing as a picture, with its pixels if they can be drawn."""
    if rasterise is not None:
        return Picture(rasterise(svg, round(width_mm * _PIXELS_PER_MM)), width_mm, caption, svg=svg)
    height = float(svg.partition(' height="')[2].partition('"')[0])
    return Picture(make_blank_png(round(width_mm * PX_PER_MM), round(height)), width_mm, caption, svg=svg)


def describe_crs_in_words(label: str, words: ReportTexts) -> str:
    """Return a CRS as offices name it: CGCS2000, 3° zone 38; the label itself for other systems."""
    crs = parse_crs(label)
    properties = describe_crs(crs) if crs is not None else None
    if properties is None or not properties.is_cgcs2000:
        return label
    if properties.is_geographic:
        return words.get("conformity", "crs_degrees")
    if properties.central_meridian is None:
        return label
    zone_key = "crs_zone_3" if (properties.zone_number or 0) >= _FIRST_3_DEGREE_ZONE else "crs_zone_6"
    return words.get(
        "conformity",
        zone_key if properties.has_zone_prefix else "crs_meridian",
        zone=properties.zone_number,
        meridian=f"{properties.central_meridian:g}",
    )


def _format_both(area_m2: float) -> dict[str, str]:
    """Return an area in hectares and in m², as parameters of a text."""
    return {"hectares": format_hectare_number(area_m2), "square_metres": format_square_metres(area_m2)}
