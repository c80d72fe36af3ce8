# SPDX-License-Identifier: GPL-2.0-or-later
"""All chosen maps of a county as files: which can be made, one page after the other, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import QgsPrintLayout

from ...core.cancellation import NEVER, Cancellation
from ...core.files.writing import beside
from ...core.messages.texts import Saying
from ...core.profile.document import load_secrecy_levels
from ...core.standard.map_set import Lack, Map, Sheet
from . import frame, keep
from .build import APPROVAL_VARIABLE, Builder
from .export import FORMATS, LEAST_DPI, Page, atlas, pages_of, write_page
from .material import TOWNSHIPS

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Order:
    """What to export: ``townships`` adds a page for each township to every map that has such."""

    maps: tuple[Map, ...]
    sheet: Sheet
    folder: Path
    formats: tuple[str, ...] = FORMATS
    dpi: float = LEAST_DPI
    townships: bool = False
    world: bool = False


@dataclass
class Outcome:
    """Outcome of an export.

    ``files``: in the order written; ``lacking``: map → reason why it was not made; ``own``: layouts of the project;
    ``notes``: messages on lowered secrecy levels and missing map approval numbers.
    """

    files: list[Path] = field(default_factory=list)
    made: list[Map] = field(default_factory=list)
    lacking: list[tuple[Map, Lack]] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    notes: list[Saying] = field(default_factory=list)


def run(
    builder: Builder,
    order: Order,
    *,
    progress: Progress = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Outcome:
    """Export page by page. Before each, ``progress`` says which, and the export can be cancelled.

    Files are replaced after all pages are made. Raises Cancelled, OutputError, and InputError for a sheet of the project
    whose level of secrecy would be lowered without a reason. On the main thread only.
    """
    material, outcome = builder.material, Outcome()
    info = builder.document
    if load_secrecy_levels().is_public(info.secrecy) and not info.map_approval:
        outcome.notes.append(Saying("document", "no_approval", {"secrecy": info.secrecy}))
    jobs: list[tuple[Map, bool]] = []
    for one in order.maps:
        lack = material.lack(one)
        if lack:
            outcome.lacking.append((one, lack))
            continue
        outcome.made.append(one)
        jobs.append((one, False))
        if order.townships and one.by_township:
            if material.townships:
                jobs.append((one, True))
            else:
                outcome.lacking.append((one, Lack("no_townships", {"roles": material.role_names((TOWNSHIPS,))})))
    if jobs:
        # All files take their places together, once every page is there: a run that stops leaves what stood.
        with beside(order.folder / f"{_first_stem(builder, jobs[0])}.{order.formats[0]}") as temporary:
            for name in _write(builder, order, jobs, outcome, temporary.parent, progress, cancellation):
                outcome.files.append(order.folder / name)
            cancellation.raise_if_cancelled()
    progress(1.0, "")
    return outcome


def _first_stem(builder: Builder, job: tuple[Map, bool]) -> str:
    county = builder.material.county
    return builder.catalogue.file_stem(job[0], county.code, county.name)


def _write(
    builder: Builder,
    order: Order,
    jobs: list[tuple[Map, bool]],
    outcome: Outcome,
    folder: Path,
    progress: Progress,
    cancellation: Cancellation,
) -> Iterator[str]:
    """Page by page into a folder; gives the names of the files."""
    total = sum(len(builder.material.townships) if by_township else 1 for _, by_township in jobs)
    done = 0
    for one, by_township in jobs:
        for layout, page in _pages(builder, order, one, by_township, outcome):
            progress(done / total, page.title)
            cancellation.raise_if_cancelled()
            yield from write_page(
                layout,
                page,
                folder,
                formats=order.formats,
                dpi=order.dpi,
                world=order.world,
                cancellation=cancellation,
            )
            done += 1


def _pages(
    builder: Builder, order: Order, one: Map, by_township: bool, outcome: Outcome
) -> Iterator[tuple[QgsPrintLayout, Page]]:
    layout = _sheet(builder, order.sheet, one, by_township, outcome)
    catalogue, county = builder.catalogue, builder.material.county
    if not by_township:
        yield layout, Page(-1, catalogue.file_stem(one, county.code, county.name), f"{county.name}{one.title}")
        return
    codes = {t.name: t.code for t in builder.material.townships}
    with atlas(layout):
        for number, name in pages_of(layout):
            stem = catalogue.file_stem(one, codes.get(name, county.code), name, township=True)
            yield layout, Page(number, stem, f"{county.name}{name}{one.short}")


def _sheet(builder: Builder, sheet: Sheet, one: Map, by_township: bool, outcome: Outcome) -> QgsPrintLayout:
    """The project's own sheet where the planner keeps one, as a copy with this run's 图签; else a new one."""
    own = keep.find(builder.material.project, one, sheet, by_township)
    if own is None:
        return builder.build(one, sheet, townships=by_township)
    outcome.own.append(own.name())
    layout = own.clone()
    info = builder.document
    outcome.notes += keep.check_secrecy(own, info)
    if info.printed_approval and layout.itemById(frame.APPROVAL) is None:
        item = f"[% @{APPROVAL_VARIABLE} %]"
        outcome.notes.append(Saying("document", "no_approval_item", {"layout": own.name(), "item": item}))
    builder.set_document(layout)
    return layout
