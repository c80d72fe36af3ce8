# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognition of a layer's role and template edition, and of a delivery's scope."""

from __future__ import annotations

from ..errors import InputError
from ..plan.layer import SourceLayer
from ..plan.plan import MissedScope
from ..profile import Norm
from ..standard.template import Template

#: A delivery with this share of the layers that only one scope requires has that scope, even if others are missing.
_EVIDENT_SHARE = 0.5


def find_role(source: SourceLayer, norm: Norm) -> tuple[str, str]:
    """Return the role of a layer and the evidence.

    Evidence: ``template`` id, ``name`` or ``fields``. Both are empty if unknown. A name counts if it is the code or an
    alias, alone or with the county's code, a year or other characters around it (``140225CZKFBJ_2022``); of several
    codes in a name the longest is used.
    """
    templates = norm.standard.templates
    if source.template_id in templates:
        return source.template_id, "template"
    name = source.name.strip().upper()
    words = {w.upper(): role for role, t in templates.items() for w in (role, *t.aliases)}
    if name in words:
        return words[name], "name"
    within = [w for w in words if _is_separate_word(w, name)]
    if within:
        return words[max(within, key=len)], "name"
    columns = {f.name.upper() for f in source.fields}
    matches = []
    for role, template in templates.items():
        if template.base:
            # A class of yearly maintenance has the fields of its layer: only the name identifies it.
            continue
        # Only rare fields identify a layer; every layer has BSM and MJ.
        distinctive = {
            f.name
            for f in template.fields
            if f.meaning in ("gross_area", "net_area", "urban_code", "zone_code", "data_year")
        }
        if distinctive and distinctive <= columns and {f.name for f in template.fields} <= columns | {"BZ"}:
            matches.append(role)
    return (matches[0], "fields") if len(matches) == 1 else ("", "")


def _is_separate_word(word: str, name: str) -> bool:
    """Return True if the word is in the name without a letter on either side.

    Digits, punctuation and Chinese may be adjacent.
    """
    start = name.find(word)
    if start < 0:
        return False
    before, after = name[:start][-1:], name[start + len(word) :][:1]
    if not word.isascii():
        # 永久基本农田储备区 is another layer than 永久基本农田, 浑源县永久基本农田 is not.
        return not ("\u4e00" <= after <= "\u9fff") and before != "非"
    return not (before.isascii() and before.isalpha()) and not (after.isascii() and after.isalpha())


def best_template(source: SourceLayer, role: str, norm: Norm) -> Template:
    """Return the edition with most of the layer's fields.

    The standard's edition on a tie.
    """
    columns = {f.name.upper() for f in source.fields}
    editions = norm.standard.all_templates(role)
    return max(editions, key=lambda t: sum(f.name in columns for f in t.fields) / max(len(t.fields), 1))


def choose_scope(norm: Norm, roles: set[str], wanted: str = "") -> str:
    """Return the requested scope, else the widest whose layers are all present.

    InputError for an unknown scope.
    """
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
    """Return the wider scope that the layers indicate; None without one.

    Mandatory layers of it are missing. Layers that other scopes list too (规划分区 in addition to the three lines)
    indicate no scope.
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
