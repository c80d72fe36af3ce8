# SPDX-License-Identifier: GPL-2.0-or-later
"""Problems of a package that are reported before it is written, with the remedy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from ..base.errors import OutputError
from ..standard.messages.texts import Texts, render_params

#: Verdicts with which a plan passes the gate only by force.
BLOCKING_VERDICTS = ("fail", "incomplete")
#: Features that one sentence names.
MAX_NAMED_FEATURES = 5
#: Most sentences in an error.
_MAX_SENTENCES = 12


class ProblemLevel(StrEnum):
    """Severity of a problem.

    ``stop``: the data cannot be written without loss, not even by force. ``gate``: the package is made only by force,
    and its manifest records this. ``note``: the problem is only reported.
    """

    STOP = "stop"
    GATE = "gate"
    NOTE = "note"


class ProblemPlace(StrEnum):
    """Where a user corrects a problem."""

    FEATURES = "features"
    LAYER = "layer"
    CHECK = "check"
    RULES = "rules"
    FEATURE_CODES = "feature_codes"
    ROLES = "roles"
    DOCUMENTS = "documents"
    DOCUMENT_INFO = "document_info"
    SPECIFICATION = "specification"
    PERSONAL_DATA = "personal_data"
    LIBRARIES = "libraries"
    NONE = ""


#: Problems that are not corrected in the layer that they name.
_PLACE_BY_KEY = {
    "not_passed": ProblemPlace.CHECK,
    "as_received": ProblemPlace.FEATURES,
    "rules_left_out": ProblemPlace.RULES,
    "feature_code_unknown": ProblemPlace.FEATURE_CODES,
    "feature_code_unverified": ProblemPlace.FEATURE_CODES,
    "scope_narrower": ProblemPlace.RULES,
    "layer_missing": ProblemPlace.ROLES,
    "layer_absent": ProblemPlace.ROLES,
    "layers_left_out": ProblemPlace.ROLES,
    "personal_left_out": ProblemPlace.PERSONAL_DATA,
    "no_map_approval": ProblemPlace.DOCUMENT_INFO,
    "secrecy_lowered": ProblemPlace.DOCUMENT_INFO,
    "name_forbidden": ProblemPlace.SPECIFICATION,
    "field_twice": ProblemPlace.SPECIFICATION,
    "layer_twice": ProblemPlace.SPECIFICATION,
    "file_large": ProblemPlace.SPECIFICATION,
    "tables_no_openpyxl": ProblemPlace.LIBRARIES,
    "tables_wanting": ProblemPlace.ROLES,
    "map_not_made": ProblemPlace.ROLES,
    **dict.fromkeys(
        (
            "file_missing", "file_absent", "file_broken", "file_name", "file_twice", "files_left_out", "file_cut",
            "map_coarse", "document_not_made", "mdb_not_made",
        ),
        ProblemPlace.DOCUMENTS,
    ),
    # They concern all layers, and nothing needs a correction.
    "reprojected": ProblemPlace.NONE,
    "tables_not_made": ProblemPlace.NONE,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class ExportProblem:
    """A problem of an export.

    ``key`` names a text of the section ``package``. ``features`` are the keys (BSM) of the first few features,
    ``count`` is the number of all.
    """

    level: ProblemLevel
    key: str
    layer: str = ""
    field: str = ""
    count: int = 0
    features: tuple[str, ...] = ()
    params: dict[str, Any] = dataclasses.field(default_factory=dict, hash=False)

    @property
    def place(self) -> ProblemPlace:
        """Return where a user corrects the problem.

        Problems of features or of a layer are corrected in the layer.
        """
        of_layer = ProblemPlace.FEATURES if self.features else ProblemPlace.LAYER
        return _PLACE_BY_KEY.get(self.key, of_layer if self.layer else ProblemPlace.NONE)

    def format_as_sentence(self, texts: Texts) -> str:
        """Return the problem as a sentence in the language of the texts."""
        text_params = render_params(self.params, texts)
        if (detail := self.params.get("detail")) is not None:
            text_params["detail"] = texts.get_section("causes").get(str(detail), detail)
        if "codes_of" in text_params:
            text_params["list"] = texts.get_setting_name(f"codes.{text_params.pop('codes_of')}")
        dots = " …" if self.count > len(self.features) else ""
        return texts.get(
            "package",
            self.key,
            layer=self.layer,
            field=self.field,
            count=self.count,
            features=texts.get("words", "between_names").join(self.features) + dots,
            **text_params,
        )

    def to_dict(self, texts: Texts) -> dict[str, Any]:
        """Return the problem as values for JSON."""
        return {
            **{k: getattr(self, k) for k in ("key", "layer", "field", "count")},
            "level": str(self.level),
            "features": list(self.features),
            "message": self.format_as_sentence(texts),
        }


def make_names_problem(
    level: ProblemLevel, key: str, names: Sequence[str], layer: str = "", **params: Any
) -> ExportProblem:
    """Return a problem of several features, files or layers, which names the first of them."""
    return ExportProblem(level, key, layer, "", len(names), tuple(names[:MAX_NAMED_FEATURES]), params)


def drop_duplicate_notes(problems: Iterable[ExportProblem], slots: Iterable[dict[str, Any]]) -> list[ExportProblem]:
    """Return the problems without notes on missing files that no longer apply.

    A note no longer applies if the file was made later, or if another note explains why it is missing. A shape that
    became invalid is reported once, with the remedy.
    """
    explained = {slot["pattern"] for slot in slots if slot["files"]}
    problems = list(problems)
    explained |= {p.params["name"] for p in problems if p.key == "mdb_not_made"}
    crossing = {(p.layer, p.features) for p in problems if p.key == "shape_crossing"}
    return [
        p
        for p in problems
        if not (p.key == "file_absent" and p.params["name"] in explained)
        and not (p.key == "shape_now_invalid" and (p.layer, p.features) in crossing)
    ]


@dataclasses.dataclass(frozen=True)
class GateRefusal:
    """The problems for which an export is refused, as a part of a message."""

    problems: tuple[ExportProblem, ...]

    def render(self, texts: Texts) -> str:
        """Return the first problems as lines, and “…” if there are more."""
        lines = [p.format_as_sentence(texts) for p in self.problems[:_MAX_SENTENCES]]
        return "\n".join([*lines, "…"] if len(self.problems) > _MAX_SENTENCES else lines)


def stop_on_gate_problems(problems: list[ExportProblem], is_forced: bool, target_name: str) -> None:
    """Raise OutputError if a problem stops the package.

    Problems of level GATE stop it unless the user forces the package, problems of level STOP always.
    """
    for level, key in ((ProblemLevel.STOP, "package_stopped"), (ProblemLevel.GATE, "package_gate")):
        refusing_problems = [p for p in problems if p.level == level]
        if refusing_problems and not (is_forced and level is ProblemLevel.GATE):
            raise OutputError(
                key, target=target_name, count=len(refusing_problems), reasons=GateRefusal(tuple(refusing_problems))
            )
