# SPDX-License-Identifier: GPL-2.0-or-later
"""字段映射 with QGIS's layers: reading the rows, and working out what a mapping would do to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsFeatureRequest

from ...core.cancellation import Cancellation
from ..layers.reading import read
from ..layers.snapshots import Snapshot

if TYPE_CHECKING:
    from ...core.mapping import Mapping, Proposal
    from ...core.mapping.preview import Columns, Preview
    from ...core.plan.layer import SourceLayer
    from ...core.standard import Standard
    from ...core.standard.template import Template


def read_rows(shot: Snapshot, cancellation: Cancellation) -> SourceLayer:
    """Through the layer, so that edits and selections count; a whole shapefile by its bytes, for QGIS takes a missing
    or wrong .cpg at its word. Off the main thread through `running.threads.steady`."""
    whole = shot.request.filterType() == QgsFeatureRequest.FilterType.FilterNone and shot.request.limit() < 0
    if shot.path.lower().endswith(".shp") and whole and not shot.unsaved and not shot.filter:
        from ...core.io import read_source

        (layer,) = read_source(shot.path, cancellation=cancellation)
        return layer
    return read(shot, cancellation=cancellation)


def free_name(output: str) -> str:
    """``<output>.mapping.toml``, with a number where there is one already: a person may have edited it."""
    base = Path(output)
    path, number = base.with_suffix(".mapping.toml"), 2
    while path.exists():
        path, number = base.with_suffix(f".mapping-{number}.toml"), number + 1
    return str(path)


@dataclass(frozen=True)
class Prepared:
    """A source's values, a mapping of them into a template, and what it would do to each field."""

    columns: Columns
    mapping: Mapping
    hows: dict[str, Proposal]
    previews: dict[str, Preview]


def prepare(
    source: Snapshot | Columns,
    template: Template,
    standard: Standard,
    given: Mapping | None,
    cancellation: Cancellation,
    known: dict[str, str] | None = None,
) -> Prepared:
    """``given``, or the proposed mapping with the ``known`` values (field → value) where the source has none.
    InputError when it names a field that the source has not.

    Not on the main thread: a large layer takes a while.
    """
    from ...core.mapping import from_proposals, propose, source_names
    from ...core.mapping.preview import Columns, changed, preview

    columns = Columns(read_rows(source, cancellation)) if isinstance(source, Snapshot) else source
    for field in columns.layer.fields:
        cancellation.raise_if_cancelled()
        columns.of(field.name)
    proposals = [] if given is not None else propose(columns.layer, template, standard)
    mapping = given if given is not None else from_proposals(template.role, proposals)
    for name, value in (known or {}).items() if given is None else ():
        source_field = mapping.fields.get(name)
        if source_field is None or not columns.of(source_field):
            mapping = changed(mapping, template, name, constant=value)
    mapping = replace(mapping, fields=source_names(columns.layer, mapping))
    previews = {}
    for target in template.fields:
        cancellation.raise_if_cancelled()
        previews[target.name] = preview(columns, mapping, target, template, standard)
    return Prepared(columns, mapping, {p.target: p for p in proposals if p.source}, previews)
