# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the result of a gathering next to the package: JSON and workbook, both or none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ....metadata import read_plugin_version
from ...base.errors import OutputError
from ...base.files.writing import check_writable, explain_os_error, replace_until_error
from ...checks.tabulate import check_workbook_can_be_written
from ...render.outputs import dump_json
from ...standard.messages.texts import Texts
from ..county_record import GATHERING_JSON
from .gathered_counties import GATHERING_SCHEMA, GATHERING_XLSX, GatheredCounty, GatherResult
from .gathering_sentences import describe_reasons
from .gathering_workbook import write_gathering_workbook
from .summed_indicators import sum_figures

#: Folders in the output while files are written, and the former files until the new ones are in place.
_NEW_FOLDER, _OLD_FOLDER = ".sanxian-gathering", ".sanxian-gathering-old"


def check_result_files(output: Path) -> None:
    """Raise OutputError before a long run if the files of the result cannot be written."""
    check_workbook_can_be_written(output / GATHERING_XLSX)
    # What a run left that was killed.
    shutil.rmtree(output / _NEW_FOLDER, ignore_errors=True)
    for name in (GATHERING_XLSX, GATHERING_JSON):
        check_writable(output / name, [])


def write_result_files(result: GatherResult, output: Path) -> list[str]:
    """Write JSON and workbook; return their paths. Raise OutputError; former files are then complete."""
    with place_result_files(result, output) as written:
        return written


@contextmanager
def place_result_files(result: GatherResult, output: Path) -> Iterator[list[str]]:
    """Write JSON and workbook for a block, and yield their paths; former files are restored if the block raises.

    Raise OutputError; former files are then complete.
    """
    texts = Texts(result.lang)
    new = output / _NEW_FOLDER
    paths = [new / GATHERING_XLSX, new / GATHERING_JSON]
    try:
        try:
            new.mkdir()
            write_gathering_workbook(result, paths[0], texts)
            paths[1].write_text(dump_json(result_to_dict(result, texts)), encoding="utf-8", newline="\n")
        except OSError as error:
            raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
        with replace_until_error(paths, output, output / _OLD_FOLDER):
            yield [str(output / path.name) for path in paths]
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _county_to_dict(one: GatheredCounty, texts: Texts) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": str(one.state),
        "reasons": describe_reasons(one, texts),
        "area_code": one.area_code,
        "area_name": one.area_name,
        "verdict": one.summary.get("verdict", ""),
        "errors": one.summary.get("errors", 0),
        "warnings": one.summary.get("warnings", 0),
        "standard": one.standard,
        "version": one.version,
        "digest": one.digest,
        "crs": {label: sorted(roles) for label, roles in one.crs.items()},
        "layers": {name: amount.to_dict() for name, amount in one.layers.items()},
        "figures": [
            {
                "id": figure.id,
                "basis": figure.basis,
                "unit": figure.unit,
                "value": round(figure.value, 4),
                "confirmed": figure.is_confirmed,
            }
            for figure in one.figures
        ],
        "left_out": one.left_out,
    }


def result_to_dict(result: GatherResult, texts: Texts) -> dict[str, Any]:
    """Return the whole result as plain data; the time is in ``times``."""
    return {
        "schema": GATHERING_SCHEMA,
        "lang": result.lang,
        "version": read_plugin_version(),
        "area": {"code": result.area_code, "name": result.area_name},
        "package": result.package.name if result.package is not None else "",
        "digest": result.digest,
        "counties": [_county_to_dict(one, texts) for one in result.counties],
        "sums": {name: amount.to_dict() for name, amount in result.amounts.items()},
        "figures": [
            {
                "id": one.id,
                "name": one.name,
                "basis": one.basis,
                "unit": one.unit,
                "value": round(one.value, 4),
                "counties": len(one.counted),
                "missing": one.missing,
                "unconfirmed": one.unconfirmed,
            }
            for one in sum_figures(result.gathered)
        ],
        "repeated_keys": [
            {
                "counties": [one.first_county, one.second_county],
                "count": one.count,
                "examples": list(one.examples),
            }
            for one in result.repeated_keys
        ],
        "problems": [one.to_dict(texts) for one in result.problems],
        "seams": {
            "pairs": len(result.seams.pairs),
            "findings": len(result.seams.findings),
        }
        if result.seams is not None
        else None,
        "ignored": list(result.ignored_names),
        "times": {"written": result.time.isoformat(timespec="seconds")},
    }
