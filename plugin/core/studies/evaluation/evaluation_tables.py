# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of an evaluation: series, warnings, changes by edition, missing values, editions, thresholds."""

from __future__ import annotations

from typing import Any

from ...base.connection_text import name_source
from ...model.indicator import COMPARISON_SIGNS, Indicator
from ...render.figures import format_state
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    make_row,
    make_table,
    make_table_number,
)
from ...render.words import ReportTexts
from ...standard.messages.numbers import MINUS_SIGN, format_number, format_plain_number
from ...standard.messages.texts import Message, Texts
from ...standard.profile.resolved import find_origin
from .evaluated_editions import (
    EVALUATION_SECTION,
    Change,
    EarlyWarning,
    EditionFigures,
    Evaluation,
    EvaluationSettings,
    IndicatorSeries,
    Level,
    Target,
)
from .series import LEVELS, PERCENT_UNIT, list_series_differences

#: Decimals of a share of change, in percent; largest number of decimals of a change.
_SHARE_DECIMALS, _MAX_DECIMALS = 2, 6
_PERCENT = 100.0


def make_evaluation_tables(result: Evaluation, texts: Texts, *, is_upright: bool = False) -> list[ReportTable]:
    """Return all tables of an evaluation in order; that of changes needs two editions.

    ``is_upright``: for upright pages, where the table of series has no room for changes; those to the first edition are
    then in the table of changes.
    """
    remarks_of = {one.id: list_remarks(one, result, texts) for one in result.shown_series}
    has_changes = result.find_previous(result.last) is not None
    return [
        _make_series_table(result, texts, is_upright=is_upright),
        make_table(
            "evaluation_remarks",
            [
                TableColumn("indicator", width_in_characters=30, value=lambda one: one.name),
                TableColumn("warning_level", value=lambda one: describe_level(one, texts)),
                TableColumn("remark", width_in_characters=110, value=lambda one: "\n".join(remarks_of[one.id])),
            ],
            (one for one in sorted(result.shown_series, key=lambda one: LEVELS.index(one.level)) if remarks_of[one.id]),
            lambda one: one.id,
        ),
        *([_make_changes_table(result, texts, is_upright=is_upright)] if has_changes else []),
        _make_missing_table(result, texts),
        _make_editions_table(result, texts),
        _make_thresholds_table(result, texts),
    ]


def describe_evaluation(result: Evaluation, texts: Texts) -> str:
    """Return the summary of an evaluation as a sentence."""
    return texts.get(
        EVALUATION_SECTION,
        "summary",
        area=result.area_name or "—",
        count=len(result.shown_series),
        editions=sum(one.is_read for one in result.editions),
        first=result.editions[result.first].label,
        last=result.editions[result.last].label,
        **{str(level): result.count(level) for level in Level},
    )


def list_log_lines(result: Evaluation, texts: Texts) -> list[str]:
    """Return the summary, and a line for each indicator with early warnings, for a console or a log."""
    return [
        describe_evaluation(result, texts),
        *(
            f"  {describe_level(one, texts)}  {one.name}  {texts.join_sentences(list_remarks(one, result, texts))}"
            for one in result.shown_series
            if one.warnings
        ),
    ]


def list_note_sentences(result: Evaluation, texts: Texts) -> list[str]:
    """Return sentences on repeated and missing years, on differences between editions, and on unread ones."""
    return [Message("evaluation_notes", key, params).render(texts) for key, params in result.notes]


def describe_level(series: IndicatorSeries, texts: Texts) -> str:
    """Return the level in words, with a star if it depends on an unconfirmed threshold."""
    return texts.get("evaluation_levels", str(series.level)) + ("*" if series.is_unconfirmed else "")


def describe_series_state(series: IndicatorSeries, place: int, texts: Texts) -> str:
    """Return how the value of an edition compares with the target, in the words of reports; empty without either."""
    point, target = series.points[place], series.target
    if target is None or point.value is None:
        return ""
    figure = Indicator(
        series.id, point.value, series.unit, point.basis, target.comparison, target.value, target.decimals
    )
    figure.confirmed, figure.backed, figure.state = point.confirmed, point.backed, point.state
    return format_state(figure, ReportTexts(texts.lang))


def list_remarks(series: IndicatorSeries, result: Evaluation, texts: Texts) -> list[str]:
    """Return the sentences on a series: early warnings, why nothing is compared, differences, other targets."""
    sentences = [format_warning(one, series, texts) for one in series.warnings]
    last, previous = result.last, result.find_previous(result.last)
    if series.points[last].value is None:
        sentences.append(texts.get(EVALUATION_SECTION, "last_unknown", edition=result.editions[last].label))
    elif previous is not None and series.changes[last].obstacle:
        sentences.append(_describe_obstacle("change_previous", series.changes[last], previous, result, texts))
    if (
        previous not in (None, result.first)
        and series.points[last].value is not None
        and series.change_to_first.obstacle
    ):
        sentences.append(_describe_obstacle("change_first", series.change_to_first, result.first, result, texts))
    sentences += [
        *list_series_differences(series, result.editions, texts),
        *[Message("evaluation_notes", key, params).render(texts) for key, params in series.notes],
    ]
    return sentences


def _describe_obstacle(key: str, change: Change, place: int, result: Evaluation, texts: Texts) -> str:
    """Return the sentence that a change has not been computed, with the reason."""
    return texts.get(
        EVALUATION_SECTION,
        f"no_{key}",
        edition=result.editions[place].label,
        reason=texts.get("evaluation_obstacles", change.obstacle),
    )


def format_warning(warning: EarlyWarning, series: IndicatorSeries, texts: Texts) -> str:
    """Return an early warning as a sentence, with the figures in the unit of the series."""
    params: dict[str, Any] = {"unit": texts.get("unit_names", series.unit)}
    for name, value in warning.params.items():
        if name == "yearly":
            text = format_number(value, choose_change_decimals(value, series.decimals))
            has_plus = value > 0 and not text.startswith(MINUS_SIGN) and text.strip("0.")
            params[name] = f"+{text}" if has_plus else text
        elif name == "projected":
            params[name] = format_number(value, series.decimals)
        else:
            params[name] = format_plain_number(value) if isinstance(value, float) else value
    return texts.get("evaluation_warnings", warning.key, **params)


def choose_change_decimals(value: float | None, decimals: int) -> int:
    """Return the decimals of a change: at least those of the values, more if it would be printed as zero."""
    if not value or abs(value) < 10.0**-_MAX_DECIMALS / 2:
        return decimals
    return next((n for n in range(decimals, _MAX_DECIMALS) if round(value, n)), max(decimals, _MAX_DECIMALS))


def _make_change_cells(change: Change, series: IndicatorSeries) -> list[CellValue]:
    """Return the cells of a change: difference, and share in percent."""
    if change.value is None:
        return ["—", "—"]
    difference = make_table_number(change.value, series.unit, choose_change_decimals(change.value, series.decimals))
    share = None if change.share is None else make_table_number(_PERCENT * change.share, "share", _SHARE_DECIMALS)
    return [difference, share if share is not None else "—"]


def _make_series_table(result: Evaluation, texts: Texts, *, is_upright: bool) -> ReportTable:
    """Return the table of series: values, changes, target, state and level; on upright pages without changes."""
    first, last, previous = result.first, result.last, result.find_previous(result.last)
    places = [("previous", previous)] if previous is not None else []
    places += [("first", first)] if previous not in (None, first) else []
    years = [one.edition.year for one in result.editions]
    if is_upright:
        places = []

    def make_column(place: int, edition: EditionFigures) -> TableColumn:
        missing = texts.get(EVALUATION_SECTION, "no_value" if edition.is_read else "not_read")
        return TableColumn(
            f"year_{place}",
            title=edition.label,
            width_in_characters=14,
            value=lambda one: make_table_number(one.points[place].value, one.unit, one.decimals) or missing,
        )

    def make_change_columns(key: str, place: int) -> list[TableColumn]:
        # The name of an edition is left out where the year alone identifies it.
        label = str(years[place]) if years.count(years[place]) == 1 else result.editions[place].label

        def make_cells(one: IndicatorSeries) -> list[CellValue]:
            return _make_change_cells(one.changes[last] if key == "previous" else one.change_to_first, one)

        titles = [texts.get(EVALUATION_SECTION, f"{part}_{key}", edition=label) for part in ("change", "share")]
        return [
            TableColumn(f"change_{key}", title=titles[0], value=lambda one: make_cells(one)[0]),
            TableColumn(f"share_{key}", title=titles[1], value=lambda one: make_cells(one)[1]),
        ]

    def format_target(one: IndicatorSeries) -> str:
        value = format_target_value(one.target) if one.target is not None else ""
        if one.target is None or one.target.year is None:
            return value
        return texts.get(EVALUATION_SECTION, "target_and_year", target=value, year=one.target.year)

    numbers = {one.id: str(number) for number, one in enumerate(result.shown_series, 1)}
    columns = [
        *([] if is_upright else [TableColumn("number", width_in_characters=6, value=lambda one: numbers[one.id])]),
        TableColumn("indicator", width_in_characters=28, value=lambda one: one.name),
        TableColumn("unit", value=lambda one: texts.get("unit_names", one.unit)),
        *[make_column(n, one) for n, one in enumerate(result.editions)],
        *[column for key, place in places for column in make_change_columns(key, place)],
        TableColumn("target", width_in_characters=18, value=format_target),
        TableColumn("state", value=lambda one: describe_series_state(one, last, texts)),
        TableColumn("warning_level", value=lambda one: describe_level(one, texts)),
    ]
    edition = result.editions[last].label
    keys = _list_series_notes(result, has_changes=bool(places))
    notes = [texts.get(EVALUATION_SECTION, key, edition=edition) for key in keys]
    table = make_table("evaluation", columns, notes=[*notes, *list_note_sentences(result, texts)])
    group = ""
    for series in result.shown_series:
        if series.group != group:
            group = series.group
            table.rows.append(
                ReportTableRow([texts.find("groups", group) or group, *[None] * (len(columns) - 1)], "head", group)
            )
        table.rows.append(make_row(columns, series, code=series.id))
    return table


def _list_series_notes(result: Evaluation, *, has_changes: bool) -> list[str]:
    """Return the text keys of the notes below the table of series."""
    has_statistics = any(point.statistics for one in result.shown_series for point in one.points)
    return [
        *("values_note", *(["statistics_note"] if has_statistics else []), "state_note"),
        *(_list_change_notes(result) if has_changes else ()),
        "threshold_note",
    ]


def _list_change_notes(result: Evaluation) -> list[str]:
    """Return the text keys of the notes on changes."""
    has_percentages = any(one.unit == PERCENT_UNIT for one in result.shown_series)
    return ["change_note", *(["percent_note"] if has_percentages else [])]


def format_target_value(target: Target) -> str:
    """Return a target with its sign, without unit and year: ≥ 73.39."""
    return f"{COMPARISON_SIGNS[target.comparison]} {format_number(target.value, target.decimals)}"


def _make_changes_table(result: Evaluation, texts: Texts, *, is_upright: bool) -> ReportTable:
    """Return the table of the changes of every edition to the one before, and as a share of the earlier value.

    ``is_upright``: also that of the last edition to the first one, unless it was the one before.
    """
    columns = [TableColumn("indicator", width_in_characters=30), TableColumn("unit", width_in_characters=12)]
    pairs = [
        (before, n)
        for n, one in enumerate(result.editions)
        if one.is_read and (before := result.find_previous(n)) is not None
    ]
    for before, after in pairs:
        title = f"{result.editions[before].label}→{result.editions[after].label}"
        columns.append(TableColumn(f"change_{after}", title=title, width_in_characters=16))
    has_first = is_upright and len(pairs) > 1
    if has_first:
        title = f"{result.editions[result.first].label}→{result.editions[result.last].label}"
        columns.append(TableColumn("change_first", title=title, width_in_characters=16))
    table = ReportTable("evaluation_changes", columns)
    for series in result.shown_series:
        changes = [series.changes[after] for _, after in pairs] + ([series.change_to_first] if has_first else [])
        cells = [_make_change_cells(change, series) for change in changes]
        table.rows.append(
            ReportTableRow(
                [
                    series.name,
                    texts.get(EVALUATION_SECTION, "points")
                    if series.unit == PERCENT_UNIT
                    else texts.get("unit_names", series.unit),
                    *(pair[0] for pair in cells),
                ],
                "row",
                series.id,
            )
        )
        if series.unit != PERCENT_UNIT:
            table.rows.append(
                ReportTableRow(
                    [texts.get(EVALUATION_SECTION, "share_of_earlier"), "%", *[pair[1] for pair in cells]],
                    "part",
                    f"{series.id}_share",
                )
            )
    # Upright pages have no notes on changes below the table of series.
    table.notes = [
        texts.get(EVALUATION_SECTION, key)
        for key in (*(_list_change_notes(result) if is_upright else []), "changes_note")
    ]
    return table


def _make_missing_table(result: Evaluation, texts: Texts) -> ReportTable:
    """Return the table of values that could not be computed, with the editions and the reason."""
    read = [n for n, one in enumerate(result.editions) if one.is_read]
    comma = texts.get("words", "between_names")
    items = []
    for series in result.series:
        labels_by_reason: dict[str, list[str]] = {}
        for n in read:
            if series.points[n].value is None:
                labels_by_reason.setdefault(series.points[n].reason, []).append(result.editions[n].label)
        items += [(series.name, labels, reason, series.id) for reason, labels in labels_by_reason.items()]
    every = texts.get(EVALUATION_SECTION, "all_editions")
    return make_table(
        "evaluation_missing",
        [
            TableColumn("indicator", width_in_characters=34, value=lambda one: one[0]),
            TableColumn(
                "missing_editions",
                width_in_characters=24,
                value=lambda one: every if len(one[1]) == len(read) else comma.join(one[1]),
            ),
            TableColumn("reason", width_in_characters=60, value=lambda one: one[2]),
        ],
        items,
        lambda one: one[3],
    )


def _make_editions_table(result: Evaluation, texts: Texts) -> ReportTable:
    """Return the table of editions: source, county, CRS, standard, profile, base year, and what was read."""

    def describe_state(one: EditionFigures) -> str:
        if one.norm is None:
            return one.problem
        return "\n".join(
            [
                texts.get(EVALUATION_SECTION, "layers_read", count=len(one.layers), rows=sum(one.layers.values())),
                *one.notices,
            ]
        )

    return make_table(
        "evaluation_editions",
        [
            TableColumn("edition_edition", width_in_characters=14, value=lambda one: one.label),
            TableColumn(
                "edition_source", width_in_characters=24, value=lambda one: name_source(one.edition.source) or "—"
            ),
            TableColumn(
                "edition_area",
                width_in_characters=18,
                value=lambda one: f"{one.area_name} {one.area_code}".strip() or "—",
            ),
            TableColumn("edition_crs", width_in_characters=26, value=lambda one: one.crs if one.norm else "—"),
            TableColumn(
                "edition_standard",
                width_in_characters=26,
                value=lambda one: f"{one.norm.standard.name}（{one.norm.standard.edition}）" if one.norm else "—",
            ),
            TableColumn(
                "edition_profile",
                width_in_characters=14,
                value=lambda one: (one.norm.profile.name if one.norm else name_source(one.edition.profile)) or "—",
            ),
            TableColumn(
                "edition_base_year",
                width_in_characters=10,
                value=lambda one: str(one.base_year or "—") if one.norm else "—",
            ),
            TableColumn("edition_state", width_in_characters=44, value=describe_state),
        ],
        result.editions,
        lambda one: one.label,
    )


def _make_thresholds_table(result: Evaluation, texts: Texts) -> ReportTable:
    """Return the table of thresholds with value, mark, origin and confirmation."""
    norm = result.norm

    def format_value(key: str) -> str:
        value = float(getattr(result.settings, key.removeprefix(f"{EVALUATION_SECTION}.")))
        return (
            f"{format_plain_number(round(_PERCENT * value, 6))}%"
            if key.endswith("_share")
            else format_plain_number(value)
        )

    return make_table(
        "evaluation_thresholds",
        [
            TableColumn("threshold_name", width_in_characters=52, value=texts.get_setting_name),
            TableColumn("setting_key", width_in_characters=32, value=str),
            TableColumn("threshold", width_in_characters=16, value=format_value),
            TableColumn("mark", width_in_characters=10, value=norm.get_source_mark),
            TableColumn("origin", width_in_characters=40, value=lambda key: find_origin(key, norm).name),
            TableColumn(
                "threshold_confirmed", value=lambda key: texts.get("tables", "yes" if norm.is_confirmed(key) else "no")
            ),
        ],
        (f"{EVALUATION_SECTION}.{name}" for name in EvaluationSettings.__dataclass_fields__),
        str,
        notes=[texts.get(EVALUATION_SECTION, "threshold_note", edition="")],
    )
