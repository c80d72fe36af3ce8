# SPDX-License-Identifier: GPL-2.0-or-later
"""All results of a run to files, or none: each is made beside its target, and all move once every one is whole."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from ..io import beside, write_findings
from .html import render
from .json import to_json

if TYPE_CHECKING:
    from ..check import Checked
    from .pictures import Pictures


@dataclass(frozen=True)
class Outputs:
    """Paths of the files to write; an empty one is not written."""

    json: str = ""
    html: str = ""
    findings: str = ""

    def paths(self) -> list[str]:
        return [p for p in (self.json, self.html, self.findings) if p]


#: What the findings layer can be written as.
LAYER_FORMATS = (".gpkg", ".geojson", ".json", ".shp", ".fgb")


def check_outputs(outputs: Outputs, source: str) -> None:
    """Before a long run. OutputError: two results in one file, the input as an output, a format nobody knows."""
    paths = outputs.paths()
    for position, path in enumerate(paths):
        if any(_same(path, other) for other in paths[:position]):
            raise OutputError("output_twice", target=path)
        if _same(path, source) or _within(path, source):
            raise OutputError("output_is_input", target=path)
    suffix = Path(outputs.findings).suffix.lower()
    if outputs.findings and suffix not in LAYER_FORMATS:
        raise OutputError("output_format", target=outputs.findings, known=" ".join(LAYER_FORMATS))


def write_outputs(checked: Checked, outputs: Outputs, pictures: Pictures | None = None) -> None:
    """Raises OutputError; then every target stands as it was."""
    report = checked.report
    with ExitStack() as stack:
        if outputs.json:
            path = stack.enter_context(beside(outputs.json))
            path.write_text(to_json(report), encoding="utf-8", newline="\n")
        if outputs.html:
            path = stack.enter_context(beside(outputs.html))
            page = render(report, checked.plan.norm, pictures)
            path.write_text(page, encoding="utf-8", newline="\n")
        if outputs.findings:
            # Last, so that it moves first: of the three it is the one that another program may hold open.
            path = stack.enter_context(beside(outputs.findings))
            rows = [f.row() for f in report.findings]
            write_findings(path, rows, [f.layer_geometry() for f in report.findings], checked.plan.crs)


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.normcase(os.path.abspath(one)) == os.path.normcase(os.path.abspath(other))


def _within(path: str, source: str) -> bool:
    """Would the file lie inside a FileGDB, or replace one of the tables in a folder that is checked?"""
    folder, target = Path(os.path.abspath(source)), Path(os.path.abspath(path))
    if folder.suffix.lower() == ".gdb":
        return folder in target.parents
    return (
        folder.is_dir() and target.parent == folder and target.exists() and target.suffix.lower() in (".shp", ".gpkg")
    )
