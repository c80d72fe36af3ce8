# SPDX-License-Identifier: GPL-2.0-or-later
"""Export of all chosen maps of a county, page by page, with the outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import QgsPrintLayout

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation, ProgressCallback
from ...core.base.files.writing import write_atomically
from ...core.standard.map_set import MapSpec, MissingMapReason, PageSize, expand_concepts_to_roles
from ...core.standard.messages.texts import Message
from ...core.standard.profile.profile_data import load_secrecy_levels
from . import frame, saved_layouts
from .build import APPROVAL_VARIABLE, LayoutBuilder
from .export import (
    MAP_FILE_FORMATS,
    MIN_DPI,
    LayoutPage,
    iterate_atlas_pages,
    keep_atlas_rendering,
    show_atlas_page,
    write_page,
)
from .map_layers import TOWNSHIPS_CONCEPT
from .public_maps import NotPublic, PublicMaps, require_no_world_file


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
    #: Makes the maps public; None: the maps are complete.
    public: PublicMaps | None = None


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
    would be lowered without a reason. Public maps come with a page that lists what was taken out.
    """
    require_no_world_file(order.public is not None and order.writes_world_file)
    available_layers, outcome = builder.available_layers, MapExportOutcome()
    info = builder.document
    if load_secrecy_levels().is_public(info.secrecy) and not info.map_approval:
        outcome.notes.append(Message("document", "no_approval", {"secrecy": info.secrecy}))
    jobs: list[tuple[MapSpec, bool]] = []
    for one in order.maps:
        if lack := available_layers.find_missing_input(one):
            outcome.not_made.append((one, order.public.explain_missing(one, lack) if order.public else lack))
            continue
        outcome.exported_maps.append(one)
        jobs.append((one, False))
        if order.adds_township_pages and one.is_by_township:
            if available_layers.townships:
                jobs.append((one, True))
            else:
                concepts = available_layers.norm.standard.concepts
                roles = " / ".join(expand_concepts_to_roles((TOWNSHIPS_CONCEPT,), concepts))
                outcome.not_made.append((one, MissingMapReason("no_townships", {"roles": roles})))
    if jobs:
        # All files are replaced together, after all pages are written: an aborted run leaves the old ones.
        with suppress(_NothingPublic), write_atomically(_choose_first_file(builder, order, jobs[0])) as temporary:
            names = list(_write_pages(builder, order, jobs, outcome, temporary.parent, progress, cancellation))
            if order.public is not None:
                from ...core.render.public_edition.verification import verify_public_file

                if not names:
                    raise _NothingPublic
                order.public.write_record_page(temporary, builder.available_layers.county.name)
                for name in (*names, temporary.name):
                    verify_public_file(temporary.parent / name, order.public.redactor)
                names.append(temporary.name)
            outcome.written_files += [order.target_folder / name for name in names]
            cancellation.raise_if_cancelled()
    if order.public is not None and (former := _list_former_public_files(builder, order, outcome)):
        params = {"folder": str(order.target_folder), "files": "、".join(former), "count": len(former)}
        outcome.notes.append(Message("maps", "public_former_files", params))
    progress(1.0, "")
    return outcome


def _list_former_public_files(builder: LayoutBuilder, order: MapExportOrder, outcome: MapExportOutcome) -> list[str]:
    """Return the names of former public files in the folder of maps that have no public edition any more."""
    catalogue, layers = builder.catalogue, builder.available_layers
    places = [(layers.county.code, layers.county.name, False)]
    places += [(township.code, township.name, True) for township in layers.townships]
    written = {path.name for path in outcome.written_files}
    names = {
        f"{catalogue.make_file_stem(spec, code, name, township=is_township)}.{suffix}"
        for spec, _ in outcome.not_made
        for code, name, is_township in places
        for suffix in MAP_FILE_FORMATS
    }
    return sorted(name for name in names - written if (order.target_folder / name).exists())


class _NothingPublic(Exception):
    """Raised if no page may be public, so that existing files remain."""


def _choose_first_file(builder: LayoutBuilder, order: MapExportOrder, job: tuple[MapSpec, bool]) -> Path:
    """Return the path of a file that is certainly written; ``job``: the first map, and True for township pages."""
    county = builder.available_layers.county
    if order.public is not None:
        name = order.public.redactor.texts.get("public", "file_stem")
        return order.target_folder / f"{county.code}{county.name}{name}.html"
    stem = builder.catalogue.make_file_stem(job[0], county.code, county.name)
    return order.target_folder / f"{stem}.{order.formats[0]}"


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
        written_count = 0
        try:
            for layout, page in _iterate_pages(builder, order, one, by_township, outcome):
                progress(done_count / total, page.document_title)
                cancellation.raise_if_cancelled()
                if order.public is not None:
                    show_atlas_page(layout, page)
                    if (problem := order.public.find_scale_problem(layout)) is not None:
                        outcome.not_made.append((one, problem))
                        continue
                    order.public.blank_labels(layout, one)
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
                written_count += 1
        except NotPublic as error:
            outcome.not_made.append((one, error.reason))
        if not by_township and not written_count:
            outcome.exported_maps.remove(one)
            if order.public is not None:
                order.public.records.pop(one.id, None)


def _iterate_pages(
    builder: LayoutBuilder, order: MapExportOrder, map_spec: MapSpec, by_township: bool, outcome: MapExportOutcome
) -> Iterator[tuple[QgsPrintLayout, LayoutPage]]:
    """Yield (layout, page) for each page of a map: one page, or with ``by_township`` one per township.

    The layout is a copy of that which is saved in the project, with the title block (图签) of this run, else a new one.
    """
    saved = saved_layouts.find_layout(builder.available_layers.project, map_spec, order.page_size, by_township)
    if saved is None:
        layout = builder.build_layout(map_spec, order.page_size, by_township=by_township)
    else:
        outcome.used_project_layout_names.append(saved.name())
        outcome.notes += saved_layouts.require_reason_for_lowered_secrecy(saved, builder.document)
        layout = saved.clone()
        if builder.document.printable_map_approval and layout.itemById(frame.APPROVAL_ITEM_ID) is None:
            params = {"layout": saved.name(), "item": f"[% @{APPROVAL_VARIABLE} %]"}
            outcome.notes.append(Message("document", "no_approval_item", params))
        builder.set_document_variables(layout)
    if order.public is not None:
        order.public.make_public(layout, map_spec, builder, is_saved=saved is not None)
    catalogue, county = builder.catalogue, builder.available_layers.county
    if not by_township:
        stem = catalogue.make_file_stem(map_spec, county.code, county.name)
        yield layout, LayoutPage(-1, stem, f"{county.name}{map_spec.title}")
    else:
        codes = {t.name: t.code for t in builder.available_layers.townships}
        with keep_atlas_rendering(layout):
            for number, name in iterate_atlas_pages(layout):
                stem = catalogue.make_file_stem(map_spec, codes.get(name, county.code), name, township=True)
                yield layout, LayoutPage(number, stem, f"{county.name}{name}{map_spec.short}")
