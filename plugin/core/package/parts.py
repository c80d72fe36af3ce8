# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes with the layers: documents, the report, tables, metadata. A new part is a function here, or in a module of its
own, and a word in `PARTS`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable

from ..files.writing import is_about_writing
from .files import unreadable
from .making import Making
from .maps.slots import maps
from .metadata.read import read_again
from .metadata.write import metadata_xml
from .problems import Problem
from .tables.write import tables

#: Makes a part of the package; what is to be told of it.
Part = Callable[[Making], Iterable[Problem]]


def documents(making: Making) -> list[Problem]:
    """The planner's own files into their places."""
    for one in making.filled:
        for path in one.files:
            making.cancellation.raise_if_cancelled()
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
    from ..render.html import render
    from ..render.outputs import to_json

    checked = making.checked
    text = making.page(checked.report) if making.page is not None else render(checked.report, checked.plan.norm)
    for suffix, content in ((".html", text), (".json", to_json(checked.report))):
        path = making.path(making.form.report, suffix)
        path.write_text(content, encoding="utf-8", newline="\n")
    return []


def metadata(making: Making) -> list[Problem]:
    """Last of all: it tells what the manifest has gathered. OutputError when it does not read as it was written."""
    path = making.path(making.form.metadata)
    path.write_bytes(metadata_xml(making.manifest, making.form))
    making.manifest["metadata"] = read_again(path.read_bytes(), making.manifest, making.form, making.inside(path))
    return []


#: In the order they are made.
PARTS: tuple[Part, ...] = (documents, maps, report, tables, metadata)
