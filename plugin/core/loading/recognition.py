# SPDX-License-Identifier: GPL-2.0-or-later
"""Which role a layer has, which edition of its template it follows, and which scope a delivery is of."""

from __future__ import annotations

from ..errors import InputError
from ..plan.layer import SourceLayer
from ..plan.plan import MissedScope
from ..profile import Norm
from ..standard.template import Template

#: A delivery with this share of the layers that only one scope asks for is of that scope, whatever it lacks.
_EVIDENT_SHARE = 0.5


def find_role(source: SourceLayer, norm: Norm) -> tuple[str, str]:
    """The role of a layer and how it was told: by ``template`` id, ``name`` or ``fields``; empty when unknown.

    A name counts when it is the code or an alias, alone or with the county's code, a year or other marks around it
    (``140225CZKFBJ_2022``); where several codes are in it, the longest.
    """
    templates = norm.standard.templates
    if source.template_id in templates:
        return source.template_id, "template"
    name = source.name.strip().upper()
    words = {w.upper(): role for role, t in templates.items() for w in (role, *t.aliases)}
    if name in words:
        return words[name], "name"
    within = [w for w in words if _stands_alone(w, name)]
    if within:
        return words[max(within, key=len)], "name"
    columns = {f.name.upper() for f in source.fields}
    matches = []
    for role, template in templates.items():
        if template.base:
            # A class of yearly maintenance has its layer's fields: only its name tells it.
            continue
        # Only fields that few layers have say anything; every layer has BSM and MJ.
        telling = {
            f.name
            for f in template.fields
            if f.meaning in ("gross_area", "net_area", "urban_code", "zone_code", "data_year")
        }
        if telling and telling <= columns and {f.name for f in template.fields} <= columns | {"BZ"}:
            matches.append(role)
    return (matches[0], "fields") if len(matches) == 1 else ("", "")


def _stands_alone(word: str, name: str) -> bool:
    """Is the word in the name with no letter directly at its sides (digits, marks and Chinese may be)?"""
    start = name.find(word)
    if start < 0:
        return False
    before, after = name[:start][-1:], name[start + len(word) :][:1]
    if not word.isascii():
        # 永久基本农田储备区 is another layer than 永久基本农田, 浑源县永久基本农田 is not.
        return not ("\u4e00" <= after <= "\u9fff") and before != "非"
    return not (before.isascii() and before.isalpha()) and not (after.isascii() and after.isalpha())


def best_template(source: SourceLayer, role: str, norm: Norm) -> Template:
    """The edition whose fields the layer has most of; the standard's own where they are equal."""
    columns = {f.name.upper() for f in source.fields}
    editions = norm.standard.all_templates(role)
    return max(editions, key=lambda t: sum(f.name in columns for f in t.fields) / max(len(t.fields), 1))


def choose_scope(norm: Norm, roles: set[str], wanted: str = "") -> str:
    """The scope that was asked for, else the widest whose layers are all there. InputError for one that is not."""
    scopes = norm.standard.scopes
    if wanted:
        if wanted not in scopes:
            raise InputError("scope_unknown", scope=wanted, known=", ".join(scopes))
        return wanted
    for name, scope in sorted(scopes.items(), key=lambda item: -len(item[1].mandatory)):
        needed = [c for c in scope.mandatory if c not in norm.profile.absent]
        if all(roles & set(norm.standard.concepts.get(c, (c,))) for c in needed):
            return name
    return "three_lines"


def find_missed_scope(norm: Norm, roles: set[str], taken: str, *, chosen: bool = False) -> MissedScope | None:
    """Return the wider scope that the layers point to, although mandatory layers of it lack; None where there is none.

    Layers that other scopes list too (规划分区 beside the three lines) point to no scope.
    """
    scopes = norm.standard.scopes

    def held(concept: str) -> bool:
        return bool(roles & set(norm.standard.concepts.get(concept, (concept,))))

    for name, scope in sorted(scopes.items(), key=lambda item: -len(item[1].mandatory)):
        lacking = tuple(c for c in scope.mandatory if c not in norm.profile.absent and not held(c))
        if name == taken or len(scope.mandatory) <= len(scopes[taken].mandatory) or not lacking:
            continue
        others = {c for other in scopes.values() if other is not scope for c in (*other.mandatory, *other.optional)}
        own = [c for c in (*scope.mandatory, *scope.conditional) if c not in others and c not in norm.profile.absent]
        there = tuple(c for c in own if held(c))
        if there:
            return MissedScope(taken, name, there, lacking, len(there) >= _EVIDENT_SHARE * len(own), chosen)
    return None
