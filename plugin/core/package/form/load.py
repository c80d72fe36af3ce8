# SPDX-License-Identifier: GPL-2.0-or-later
"""The form of a package by its id or file; all that is wrong with it, by itself and with its standard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import DataError
from ...files.data import Complaints
from ...render.words import Words
from ...standard import load_standard
from ...standard.template import Template
from ..names import PLACEHOLDERS, SAMPLE, fill
from .model import LayerSlot, PackageProfile
from .read import package_file, read_form

if TYPE_CHECKING:
    from ...messages.texts import Texts
    from ...standard import Standard


#: What placeholders stand for where a package is shown that nobody has made yet.
_SHOWN = {**SAMPLE, "title": "……"}

_AS_THEY_ARE = {name: f"{{{name}}}" for name in PLACEHOLDERS}


def form_problems(name: str | Path) -> list[DataError]:
    """All slips of a form's file: of its keys and values, and of what its standard does not have. DataError when there is
    no such form."""
    complaints = Complaints(keep=True)
    path = package_file(name)
    with complaints.part():
        form = read_form(path, complaints)
        if not complaints.found:
            against_standard(form, complaints)
    return complaints.found


def against_standard(form: PackageProfile, complaints: Complaints) -> None:
    """Layers, fields and places that are right by themselves, but not together or not in the standard."""
    standard = load_standard(form.standard)
    for n, vectors in enumerate(form.vectors, 1):
        for m, slot in enumerate(vectors.layers, 1):
            with complaints.part():
                _layer(slot, f"vector[{n}].layer[{m}]", form, standard)
    places: dict[str, str] = {}
    for key, place in _places(form):
        with complaints.part():
            if place.lower() in places:
                raise DataError(
                    "package_same_place", file=str(form.path), key=key, other=places[place.lower()], value=place
                )
        places[place.lower()] = key


def _layer(slot: LayerSlot, key: str, form: PackageProfile, standard: Standard) -> None:
    roles = standard.concepts.get(slot.layer, (slot.layer,))
    templates = [standard.templates[role] for role in roles if role in standard.templates]
    if not templates:
        known = ", ".join([*standard.concepts, "…"])
        raise DataError(
            "package_layer_unknown", file=str(form.path), key=key, value=slot.layer, standard=standard.id, known=known
        )
    for part, names in (("fields", slot.fields), ("names", tuple(slot.names))):
        for name in names:
            if not any(_has(template, name) for template in templates):
                fields = ", ".join(f.name for f in templates[0].fields)
                raise DataError(
                    "package_field_unknown",
                    file=str(form.path),
                    key=f"{key}.{part}",
                    value=name,
                    layer=slot.layer,
                    known=fields,
                )


def _has(template: Template, name: str) -> bool:
    return any(field.name == name for field in template.fields)


def layer_title(layer: str, standard: Standard, texts: Texts) -> str:
    """The name of a layer's code, or of a concept."""
    return standard.templates[layer].name if layer in standard.templates else texts.concept(layer)


def _places(form: PackageProfile) -> Iterator[tuple[str, str]]:
    for n, vectors in enumerate(form.vectors, 1):
        yield f"vector[{n}]", form.place(vectors.folder, vectors.file)
    for slot in form.files:
        yield f"{slot.kind} {slot.id}", form.place(slot.folder, fill(slot.file, {**_AS_THEY_ARE, **slot.own}))
    yield "metadata", form.place(form.metadata.folder, form.metadata.file)
    for suffix in (".html", ".json"):
        yield "report", form.place(form.report.folder, f"{form.report.file}{suffix}")
    if form.tables is not None:
        yield "tables", form.place(form.tables.folder, f"{form.tables.file}.xlsx")


def form_lines(form: PackageProfile, texts: Texts) -> list[str]:
    """The tree of a package of this form, with what each file is and whether it must be there."""
    rows: list[tuple[str, str]] = []
    words, standard = Words(texts.lang), load_standard(form.standard)
    for vectors in form.vectors:
        layers = texts.get("words", "between_names").join(
            (slot.name or layer_title(slot.layer, standard, texts)) for slot in vectors.layers if slot.need == "M"
        )
        crs = f"{vectors.crs} + {vectors.vertical}" if vectors.vertical else vectors.crs
        rows.append((form.place(vectors.folder, vectors.file), texts.get("form", "vector", crs=crs, layers=layers)))
    for slot in form.files:
        name = fill(slot.file, {**_AS_THEY_ARE, **slot.own})
        rows.append((form.place(slot.folder, name), texts.get("form", f"need_{slot.need}", title=slot.title)))
    for key, named, suffix in (
        ("report", form.report, ".html/.json"),
        ("metadata", form.metadata, ""),
        ("tables", form.tables, ".xlsx"),
    ):
        if named is not None:
            rows.append((form.place(named.folder, f"{named.file}{suffix}"), texts.get("form", key)))
    root = fill(form.root, _SHOWN)
    lines = [texts.get("form", "head", name=form.name, standard=form.standard, source=form.source), f"{root}/"]
    lines += [f"  {fill(place, _SHOWN)} · {what}" for place, what in sorted(rows)]
    if form.unverified:
        lines.append(
            texts.get("form", "unverified", keys=words.join(words.named("form_key", k) for k in form.unverified))
        )
    return lines


def load_package(name: str | Path) -> PackageProfile:
    """A form of package by id or path. DataError names file and key of the first slip: of its own, or against its standard,
    for a field that no layer has would not be written, and of two files in one place one would be lost."""
    form = read_form(package_file(name), Complaints())
    against_standard(form, Complaints())
    return form
