# SPDX-License-Identifier: GPL-2.0-or-later
"""Citations that rules are based on, and their source documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..base.files.data import NOT_IN_FILE, SourceMark, check_known, read_toml, read_value

#: The files of a standard.
CITATIONS_FILE_NAME, SOURCES_FILE_NAME = "citations.toml", "sources.toml"


@dataclass(frozen=True)
class CitedDocument:
    """A document that citations refer to.

    ``best``: the best mark (A, B or C) that a statement read in it can have.
    """

    id: str = field(metadata=NOT_IN_FILE)
    best: SourceMark
    zh: str
    en: str


@dataclass(frozen=True)
class Citation:
    """A legal or technical basis of a rule.

    ``mark``: A (read in the text), B (quoted elsewhere), C (unverified). ``sources``: ids of the documents in which it
    was read. ``area``: code of the county whose plan it is; for other counties it is only an example.
    """

    key: str = field(metadata=NOT_IN_FILE)
    mark: SourceMark
    zh: str
    en: str
    sources: tuple[str, ...] = ()
    area: str = ""

    def applies_in_area(self, area_code: str) -> bool:
        """Return True if the citation applies in the area with this code; one without an area applies everywhere."""
        return self.area in ("", area_code)


def load_cited_documents(folder: Path) -> dict[str, CitedDocument]:
    """Return the documents of a standard by id; empty without such a file.

    Raise DataError for an invalid entry.
    """
    path = folder / SOURCES_FILE_NAME
    documents: dict[str, CitedDocument] = read_value(
        read_toml(path) if path.exists() else {}, dict[str, CitedDocument], file=path
    )
    return documents


def load_citations(folder: Path, sources: Iterable[str]) -> dict[str, Citation]:
    """Return the citations of a standard by key.

    ``sources``: ids of the known documents. Raise DataError for an invalid entry and for an unknown document.
    """
    path = folder / CITATIONS_FILE_NAME
    citations: dict[str, Citation] = read_value(
        read_toml(path) if path.exists() else {}, dict[str, Citation], file=path
    )
    known_sources = tuple(sources)
    for citation in citations.values():
        for source in citation.sources:
            check_known(source, known_sources, path, f"{citation.key}.sources")
    return citations
