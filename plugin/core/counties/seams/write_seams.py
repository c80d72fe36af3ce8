# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the result of a check of seams: JSON, workbook, layer, a page (HTML) of all pairs, a report for each pair."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ....metadata import read_plugin_version
from ...base.errors import OutputError, SanxianError
from ...base.files.data import read_json
from ...base.files.names import make_unique_file_names
from ...base.files.writing import check_result_folder, check_writable, explain_os_error, replace_until_error
from ...model.indicator import COMPARISON_SIGNS
from ...render.document.check_report import SectionNumbers
from ...render.outputs import dump_json
from ...render.tables.report_table import make_record, make_shown_texts
from ...render.words import fill_template
from ...standard.messages.numbers import format_number
from ...standard.messages.texts import Texts
from ..county_record import SEAMS_JSON
from .seam_result import (
    PAIR_SCHEMA,
    SEAMS_SCHEMA,
    SeamKind,
    SeamPair,
    SeamResult,
)
from .seam_sentences import (
    LENGTH_DECIMALS,
    describe_pairs,
    get_layer_title,
    list_gap_sentences,
    make_pair_name,
)
from .seam_tables import (
    make_county_columns,
    make_finding_columns,
    make_pair_columns,
    make_sum_columns,
    result_to_dict,
    write_seams_layer,
    write_seams_workbook,
)

#: Folders in the output while files are written, and the former results until the new ones are in place.
_NEW_FOLDER, _OLD_FOLDER = ".sanxian-seams", ".sanxian-seams-old"
#: Workbook of the result, and folder of the reports of pairs in the output.
SEAMS_XLSX, PAIRS_FOLDER = "seams.xlsx", "pairs"
SEAMS_TEMPLATE, PAIR_TEMPLATE = "seams.html.j2", "seam_pair.html.j2"


def check_output_folder(output: Path) -> None:
    """Create the output folder, and raise OutputError before a long run if a file cannot be written there."""
    from ...checks.tabulate import check_workbook_can_be_written

    _check_pairs_replaceable(output)
    check_workbook_can_be_written(output / SEAMS_XLSX)
    check_result_folder(output, SEAMS_JSON)
    try:
        output.mkdir(exist_ok=True)
        # What a run left that was killed.
        shutil.rmtree(output / _NEW_FOLDER, ignore_errors=True)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
    for name in SEAMS_FILES:
        check_writable(output / name, [])


def _check_pairs_replaceable(output: Path) -> None:
    """Raise OutputError if the reports of pairs would replace a folder that is not of former results."""
    if os.path.lexists(output / PAIRS_FOLDER) and not has_former_result(output):
        raise OutputError("seams_foreign_pairs", target=str(output), folder=PAIRS_FOLDER)


def has_former_result(output: Path) -> bool:
    """Return True if a folder has the JSON of a check of seams, of this or another version."""
    try:
        data = read_json(output / SEAMS_JSON, {"schema": str})
    except SanxianError:
        return False
    return str(data["schema"]).startswith(f"{SEAMS_SCHEMA.partition('/')[0]}/")


def write_result(result: SeamResult, output: Path) -> list[str]:
    """Write all files of a result into an existing folder; return the paths of the summary's files.

    Raise OutputError; former results are then complete.
    """
    with place_result(result, output) as written:
        return written


@contextmanager
def place_result(result: SeamResult, output: Path) -> Iterator[list[str]]:
    """Write all files of a result for a block, yield the summary's paths; restore former results if the block raises.

    Files are made in a temporary folder and moved when all are complete. Raise OutputError; former results are then
    complete.
    """
    new = output / _NEW_FOLDER
    pairs = new / PAIRS_FOLDER
    try:
        try:
            stems = _make_report_stems(result)
            pairs.mkdir(parents=True)
            columns = make_pair_columns(result)
            for pair in result.pairs:
                _write(
                    pairs / f"{stems[pair.counties]}.json",
                    dump_json(
                        {
                            "schema": PAIR_SCHEMA,
                            "lang": result.lang,
                            "version": read_plugin_version(),
                            "settings": result.settings.to_dict(),
                            **make_record(columns, pair),
                        }
                    ),
                )
                _write(pairs / f"{stems[pair.counties]}.html", render_pair_page(pair, result))
            for name, write in _WRITERS.items():
                write(result, new / name)
        except OSError as error:
            raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
        _check_pairs_replaceable(output)
        with replace_until_error([pairs, *(new / name for name in SEAMS_FILES)], output, output / _OLD_FOLDER):
            yield [str(output / name) for name in SEAMS_FILES]
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    """Write a text in UTF-8."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _make_report_stems(result: SeamResult) -> dict[tuple[str, str], str]:
    """Return pair → name of its report without suffix."""
    return dict(
        zip(
            (pair.counties for pair in result.pairs),
            make_unique_file_names((make_pair_name(pair.counties, result) for pair in result.pairs), "pair"),
            strict=True,
        )
    )


def render_seams_page(result: SeamResult) -> str:
    """Return the page with all pairs, sums and counties."""
    stems = _make_report_stems(result)
    pairs = sorted(result.pairs, key=lambda one: (-len(one.findings), one.counties))
    rows = [
        {
            **_make_pair_row(one, result),
            "link": f"{PAIRS_FOLDER}/{stems[one.counties]}.html",
            "share": round(100 * len(one.findings) / len(pairs[0].findings)),
        }
        for one in pairs
        if one.findings
    ]
    county_columns, sum_columns, texts = make_county_columns(result), make_sum_columns(result), result.report_texts
    sums = []
    for one in result.sums:
        shown_texts = make_shown_texts(sum_columns, one)
        sign = "left" if one.margin >= 0 else "above" if one.target.comparison == "<=" else "short"
        sums.append(
            {
                **shown_texts,
                "target": f"{COMPARISON_SIGNS[one.target.comparison]} {one.target.value}",
                "margin": texts.get("signed", sign, amount=format_number(abs(one.margin), one.decimals)),
                "misses": shown_texts["seam_misses"] or texts.get("seams", "no_misses"),
                "hides": one.hides_misses,
                "missed": bool(one.misses),
            }
        )
    return fill_template(
        SEAMS_TEMPLATE,
        {
            **_make_shared_data(result),
            "title": result.report_texts.get("seams", "title"),
            "statement": describe_pairs(result),
            "rows": rows,
            "totals": [sum(one.count(kind) for one in pairs) for kind in SeamKind],
            "total": len(result.findings),
            "clean": result.report_texts.join_parts(
                make_pair_name(one.counties, result)
                for one in pairs
                if not one.findings and not _list_gaps(one, result)
            ),
            "gaps": list_gap_sentences(result.counties, result),
            "unread": [make_shown_texts(county_columns, one) for one in result.counties if not one.is_read],
            "missing": _list_missing_layers(result.pairs, result),
            "sums": sums,
            "ignored": result.report_texts.join_parts(result.ignored_names),
        },
    )


#: Name of each file of the summary → its writer. The JSON is placed last, so that reports of pairs never remain without
#: it, even if the run is killed.
_WRITERS: dict[str, Callable[[SeamResult, Path], None]] = {
    "seams.html": lambda result, path: _write(path, render_seams_page(result)),
    SEAMS_XLSX: write_seams_workbook,
    "seams.gpkg": write_seams_layer,
    SEAMS_JSON: lambda result, path: _write(path, dump_json(result_to_dict(result))),
}
SEAMS_FILES = tuple(_WRITERS)


def render_pair_page(pair: SeamPair, result: SeamResult) -> str:
    """Return the page with the findings of one pair."""
    columns = make_finding_columns(result)
    findings = [
        {
            **make_shown_texts(columns, one),
            "number": number,
            "id": one.fingerprint,
            "sides": [
                {
                    "name": result.names[side.county],
                    "features": result.report_texts.join_parts(side.keys),
                    "code": side.code,
                }
                for side in one.sides
            ],
            "place": "{:.5f}°, {:.5f}°".format(*one.place),
        }
        for number, one in enumerate(pair.findings, 1)
    ]
    return fill_template(
        PAIR_TEMPLATE,
        {
            **_make_shared_data(result),
            "title": result.report_texts.get("seams", "pair_title", pair=make_pair_name(pair.counties, result)),
            "row": _make_pair_row(pair, result),
            "length": format_number(pair.length_m, LENGTH_DECIMALS),
            "findings": findings,
            "differing": [
                result.report_texts.get(
                    "seams",
                    "differing",
                    layer=get_layer_title(concept, result.lang),
                    length=format_number(length, LENGTH_DECIMALS),
                )
                for concept, length in pair.differing_m.items()
            ],
            "slivers": pair.sliver_count,
            "gaps": _list_gaps(pair, result),
            "missing": _list_missing_layers([pair], result),
        },
    )


def _list_gaps(pair: SeamPair, result: SeamResult) -> list[str]:
    """Return sentences on unknown data of the layers of both counties."""
    return list_gap_sentences([one for one in result.counties if one.name in pair.counties], result)


def _make_shared_data(result: SeamResult) -> dict[str, Any]:
    """Return what both pages show: texts, kinds, time and settings."""
    return {
        "w": result.report_texts,
        "lang": {"zh": "zh-CN"}.get(result.lang, result.lang),
        "numbered": SectionNumbers(result.report_texts).number_title,
        "facts": [
            (result.report_texts.get("counties", "fact_time"), result.time.strftime("%Y-%m-%d %H:%M")),
            (result.report_texts.get("seams", "fact_plane"), result.plane),
        ],
        "kinds": [result.report_texts.get("seam_kinds", str(kind)) for kind in SeamKind],
        "settings": result.report_texts.get("seams", "settings", **result.settings.format_lengths()),
        "unconfirmed": bool(result.unconfirmed_settings),
    }


def _make_pair_row(pair: SeamPair, result: SeamResult) -> dict[str, Any]:
    """Return a pair as a row: the texts of its table, and counts by kind."""
    return {
        **make_shown_texts(make_pair_columns(result), pair),
        "counts": [pair.count(kind) for kind in SeamKind],
        "total": len(pair.findings),
    }


def _list_missing_layers(pairs: Iterable[SeamPair], result: SeamResult) -> str:
    """Return the layers that were not compared because a county lacks them."""
    missing = dict.fromkeys((county, concept) for pair in pairs for concept, county in pair.missing_layers)
    return result.report_texts.join_parts(
        result.report_texts.get(
            "seams", "lacks", county=result.names[county], layer=Texts(result.lang).get_concept_name(concept)
        )
        for county, concept in missing
    )
