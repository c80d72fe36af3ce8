# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands between a plan and its package: told with layer, feature, field and remedy before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..messages.texts import render_params

if TYPE_CHECKING:
    from ..messages.texts import Texts

#: Verdicts of a plan that a package is not made of by itself.
HELD_BACK = ("fail", "incomplete")
#: Features that one sentence names.
NAMED = 5
#: Sentences that an error holds.
_SAID = 12


class Level(StrEnum):
    """``stop``: cannot be written without loss, whatever anybody wants; ``gate``: not unless the planner insists (FORCE),
    and then the package says so; ``note``: told."""

    STOP = "stop"
    GATE = "gate"
    NOTE = "note"


@dataclasses.dataclass(frozen=True)
class Problem:
    """``key`` names a text of the section ``package``; ``features`` the first few by BSM; ``count`` how many there are."""

    level: Level
    key: str
    layer: str = ""
    field: str = ""
    count: int = 0
    features: tuple[str, ...] = ()
    params: dict[str, Any] = dataclasses.field(default_factory=dict, hash=False)

    def sentence(self, texts: Texts) -> str:
        more = " …" if self.count > len(self.features) else ""
        words = {"detail": texts.section("causes").get(str(self.params.get("detail")), self.params.get("detail"))}
        own = {**render_params(self.params, texts), **(words if "detail" in self.params else {})}
        if "codes_of" in own:
            own["list"] = texts.setting(f"codes.{own.pop('codes_of')}")
        named = texts.get("words", "between_names").join(self.features) + more
        return texts.get(
            "package", self.key, layer=self.layer, field=self.field, count=self.count, features=named, **own
        )

    def to_dict(self, texts: Texts) -> dict[str, Any]:
        return {
            **{k: getattr(self, k) for k in ("key", "layer", "field", "count")},
            "level": str(self.level),
            "features": list(self.features),
            "message": self.sentence(texts),
        }


def drop_duplicate_notes(problems: Iterable[Problem], slots: Iterable[dict[str, Any]]) -> list[Problem]:
    """Without the notes on files that were not given, where the file was made after all or another note says why not."""
    settled = {slot["pattern"] for slot in slots if slot["files"]}
    problems = list(problems)
    settled |= {p.params["name"] for p in problems if p.key == "mdb_not_made"}
    return [p for p in problems if p.key != "file_absent" or p.params["name"] not in settled]


@dataclasses.dataclass(frozen=True)
class GateRefusal:
    """The reasons why nothing is written, a sentence a line: the first few, the log has all."""

    problems: tuple[Problem, ...]

    def render(self, texts: Texts) -> str:
        return "\n".join(self.lines(texts))

    def lines(self, texts: Texts) -> list[str]:
        return [p.sentence(texts) for p in self.problems[:_SAID]] + ["…"] * (len(self.problems) > _SAID)


def group_by_level(problems: Iterable[Problem], *levels: Level) -> list[Problem]:
    return [p for p in problems if p.level in levels]
