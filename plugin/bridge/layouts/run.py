# SPDX-License-Identifier: GPL-2.0-or-later
"""Export of all chosen maps of a county, page by page, with the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import QgsPrintLayout

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from ...core.files.writing import write_atomically
from ...core.messages.texts import Message
from ...core.profile.document import load_secrecy_levels
from ...core.standard.map_set import MapSpec, MissingMapReason, PageSize
from . import frame, saved_layouts
from .build import APPROVAL_VARIABLE, LayoutBuilder
from .export import MAP_FILE_FORMATS, MIN_DPI, LayoutPage, iterate_atlas_pages, keep_atlas_rendering, write_page
from .map_layers import TOWNSHIPS_CONCEPT

ProgressCallback = Callable[[float, str], None]


@dataclass(frozen=True)
class MapExportOrder:
    """Which maps to export, where and how.

    ``maps``: definitions of the maps; ``page_size``: page size; ``formats``: jpg, pdf; ``adds_township_pages``: add a
    page for each township to every map that has such pages; ``writes_world_file``: write world files.
    """

    maps: tuple[MapSpec, ...]
    page_size: PageSize
    target_folder: Path
    formats: tuple[str, ...] = MAP_FILE_FORMATS
    dpi: float = MIN_DPI
    adds_township_pages: bool = False
    writes_world_file: bool = False


@dataclass
class MapExportOutcome:
    """Result of an export of maps.

    ``written_files``: paths in the order in which they were written; ``not_made``: (map, reason why it was not made);
    ``used_project_layout_names``: names of the project's saved layouts that were exported; ``notes``: messages on
    lowered secrecy levels and missing map approval numbers.
    """

    written_files: list[Path] = field(default_factory=list)
    exported_maps: list[MapSpec] = field(default_factory=list)
    not_made: list[tuple[MapSpec, MissingMapReason]] = field(default_factory=list)
    used_project_layout_names: list[str] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


def export_maps(
    builder: LayoutBuilder,
    order: MapExportOrder,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> MapExportOutcome:
    """Export the requested maps page by page; return what was written, and maps that were not made.

    ``progress`` is called before each page, where the run can be cancelled. Existing files are replaced after all pages
    are made. Main thread only. Raises Cancelled, OutputError, and InputError for a saved layout whose level of secrecy
    would be lowered without a reason.
    """
    available_layers, outcome = builder.available_layers, MapExportOutcome()
    info = builder.document
    if load_secrecy_levels().is_public(info.secrecy) and not info.map_approval:
        outcome.notes.append(Message("document", "no_approval", {"secrecy": info.secrecy}))
    jobs: list[tuple[MapSpec, bool]] = []
    for one in order.maps:
        lack = available_layers.find_missing_input(one)
        if lack:
            outcome.not_made.append((one, lack))
            continue
        outcome.exported_maps.append(one)
        jobs.append((one, False))
        if order.adds_township_pages and one.is_by_township:
            if available_layers.townships:
                jobs.append((one, True))
            else:
                outcome.not_made.append(
                    (
                        one,
                        MissingMapReason(
                            "no_townships", {"roles": available_layers.format_role_names((TOWNSHIPS_CONCEPT,))}
                        ),
                    )
                )
    if jobs:
        # All files are replaced together, after all pages are written: an aborted run leaves the old ones.
        with write_atomically(
            order.target_folder / f"{_make_first_file_stem(builder, jobs[0])}.{order.formats[0]}"
        ) as temporary:
            for name in _write_pages(builder, order, jobs, outcome, temporary.parent, progress, cancellation):
                outcome.written_files.append(order.target_folder / name)
            cancellation.raise_if_cancelled()
    progress(1.0, "")
    return outcome


def _make_first_file_stem(builder: LayoutBuilder, job: tuple[MapSpec, bool]) -> str:
    """Return the file name without suffix of the first exported map: ``job`` is (map, True for township pages)."""
    county = builder.available_layers.county
    return builder.catalogue.make_file_stem(job[0], county.code, county.name)


def _write_pages(
    builder: LayoutBuilder,
    order: MapExportOrder,
    jobs: list[tuple[MapSpec, bool]],
    outcome: MapExportOutcome,
    folder: Path,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> Iterator[str]:
    """Write page by page to a folder; yield the names of the files."""
    total = sum(len(builder.available_layers.townships) if by_township else 1 for _, by_township in jobs)
    done_count = 0
    for one, by_township in jobs:
        for layout, page in _iterate_pages(builder, order, one, by_township, outcome):
            progress(done_count / total, page.document_title)
            cancellation.raise_if_cancelled()
            yield from write_page(
                layout,
                page,
                folder,
                formats=order.formats,
                dpi=order.dpi,
                writes_world_file=order.writes_world_file,
                cancellation=cancellation,
            )
            done_count += 1


def _iterate_pages(
    builder: LayoutBuilder, order: MapExportOrder, map_spec: MapSpec, by_township: bool, outcome: MapExportOutcome
) -> Iterator[tuple[QgsPrintLayout, LayoutPage]]:
    """Yield (layout, page) for each page of a map: one page, or with ``by_township`` one per township."""
    layout = _copy_or_build_layout(builder, order.page_size, map_spec, by_township, outcome)
    catalogue, county = builder.catalogue, builder.available_layers.county
    if not by_township:
        yield (
            layout,
            LayoutPage(
                -1, catalogue.make_file_stem(map_spec, county.code, county.name), f"{county.name}{map_spec.title}"
            ),
        )
        return
    codes = {t.name: t.code for t in builder.available_layers.townships}
    with keep_atlas_rendering(layout):
        for number, name in iterate_atlas_pages(layout):
            stem = catalogue.make_file_stem(map_spec, codes.get(name, county.code), name, township=True)
            yield layout, LayoutPage(number, stem, f"{county.name}{name}{map_spec.short}")


def _copy_or_build_layout(
    builder: LayoutBuilder, page_size: PageSize, map_spec: MapSpec, by_township: bool, outcome: MapExportOutcome
) -> QgsPrintLayout:
    """Return a copy of the layout that is saved in the project, with the title block (图签) of this run.

    Without a saved layout, return a new one.
    """
    project_layout = saved_layouts.find_layout(builder.available_layers.project, map_spec, page_size, by_township)
    if project_layout is None:
        return builder.build_layout(map_spec, page_size, by_township=by_township)
    outcome.used_project_layout_names.append(project_layout.name())
    layout = project_layout.clone()
    info = builder.document
    outcome.notes += saved_layouts.require_reason_for_lowered_secrecy(project_layout, info)
    if info.printable_map_approval and layout.itemById(frame.APPROVAL_ITEM_ID) is None:
        item = f"[% @{APPROVAL_VARIABLE} %]"
        outcome.notes.append(Message("document", "no_approval_item", {"layout": project_layout.name(), "item": item}))
    builder.set_document_variables(layout)
    return layout
