# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers answer a map, and why one cannot be made: the same for layers of a project and of a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .map_set import LayerSpec, Map

Concepts = Mapping[str, Iterable[str]]


class Answer(NamedTuple):
    """A layer that answers a concept: its role, its name, and whether there is something in it to draw."""

    role: str
    name: str
    filled: bool


@dataclass(frozen=True)
class Lack:
    """Why a map is not made: a text key under [maps] with its parameters."""

    key: str
    params: dict[str, str] = field(default_factory=dict, hash=False)


def roles_of(of: Iterable[str], concepts: Concepts) -> list[str]:
    """The roles that would answer concepts or roles, in order, each once."""
    return list(dict.fromkeys(role for what in of for role in concepts.get(what, (what,))))


def first_filled(found: Iterable[Answer]) -> Answer | None:
    """The first with something in it; without one, the first."""
    there = list(found)
    return next((one for one in there if one.filled), there[0] if there else None)


def lack_of(one: Map, answer: Callable[[tuple[str, ...]], Answer | None], concepts: Concepts) -> Lack | None:
    """Why this map cannot be made; None when it can. ``answer``: the layer for concepts or roles, as `first_filled`."""

    def drawn(spec: LayerSpec) -> bool:
        found = answer(spec.of)
        return found is not None and found.filled

    needed = [spec for spec in one.layers if spec.need and not drawn(spec)]
    choice = [spec for spec in one.layers if spec.any]
    if not needed and choice and not any(drawn(spec) for spec in choice):
        needed = choice
    if not needed:
        return None
    found = answer(needed[0].of)
    if found:
        return Lack("layer_empty", {"layer": found.name, "name": needed[0].name})
    own = [spec for spec in one.layers if not spec.underlay]
    if one.scope == "centre" and not any(drawn(spec) for spec in own):
        return Lack("no_centre")
    names = "、".join(dict.fromkeys(s.name for s in needed))
    roles = "、".join(dict.fromkeys(" / ".join(roles_of(s.of, concepts)) for s in needed))
    return Lack("layer_missing", {"name": names, "roles": roles})
