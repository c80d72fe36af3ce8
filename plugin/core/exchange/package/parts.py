# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes with the layers: documents, the report, tables, metadata. A new part is a function here, or in a module of its
own, and a word in `PARTS`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from importlib.util import find_spec

from ...errors import DataError, InputError
from ...texts import Texts
from ...writing import is_about_writing
from .files import unreadable
from .making import Making
from .maps import maps
from .metadata import metadata_xml
from .problems import Level, Problem

#: Makes a part of the package; what is to be told of it.
Part = Callable[[Making], Iterable[Problem]]


def documents(making: Making) -> list[Problem]:
    """The planner's own files into their places."""
    for one in making.filled:
        for path in one.files:
            making.check()
            target = making.place(one.slot.folder, path.name)
            try:
                # The content alone: no owner, no times of this machine.
                shutil.copyfile(path, target)
            except OSError as error:
                if is_about_writing(error, making.new):
                    raise
                raise unreadable(path, error) from error
    return []


def report(making: Making) -> list[Problem]:
    """The check's report, as page and as data."""
    from ...render.html import render
    from ...render.json import to_json

    checked = making.checked
    text = making.page() if making.page is not None else render(checked.report, checked.plan.norm)
    for suffix, content in ((".html", text), (".json", to_json(checked.report))):
        path = making.path(making.form.report, suffix)
        path.write_text(content, encoding="utf-8", newline="\n")
    return []


def tables(making: Making) -> list[Problem]:
    """The workbook of the plan's figures: the same indicators as in the report. What keeps it from being made is told."""
    from ...tabulate import put_tables, tabulate_plan

    if making.form.tables is None:
        return []
    if find_spec("openpyxl") is None:
        return [Problem(Level.NOTE, "tables_no_openpyxl")]
    try:
        made = tabulate_plan(making.plan, making.lang, check=making.check)
    except (InputError, DataError) as error:
        # Not every edition has the lists that the tables are made by.
        reason = Texts(making.lang).explain(error)
        return [Problem(Level.NOTE, "tables_not_made", params={"reason": reason})]
    put_tables(made, making.path(making.form.tables, ".xlsx"))
    return []


def metadata(making: Making) -> list[Problem]:
    """Last of all: it tells what the manifest has gathered."""
    making.path(making.form.metadata).write_bytes(metadata_xml(making.manifest, making.form))
    return []


#: In the order they are made.
PARTS: tuple[Part, ...] = (documents, maps, report, tables, metadata)
