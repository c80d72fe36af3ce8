# SPDX-License-Identifier: GPL-2.0-or-later
"""What is seen of a VCT file in a package: its layers, or the line that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cancellation import Cancellation
from ...errors import InputError

if TYPE_CHECKING:
    from ...plan.layer import SourceLayer

SUFFIX = ".vct"


class VctFact(NamedTuple):
    """One layer of a file, as `LayerFact` tells it; ``features`` −1 and a ``problem`` for a file that cannot be read."""

    name: str
    features: int
    crs: str = ""
    vertical: str = ""
    problem: tuple[str, dict[str, Any]] | None = None


def is_vct(path: str) -> bool:
    return path.lower().endswith(SUFFIX)


#: Bytes of a file in which its header is.
_HEAD = 2**16


def head_of(path: Path) -> dict[str, str]:
    """What a file's header says, by key in small letters, as it is written; empty where there is none."""
    from ...exchange.vct.settings import ENCODING

    with path.open("rb") as handle:
        lines = handle.read(_HEAD).decode(ENCODING, "replace").splitlines()
    low = [line.strip().lower() for line in lines]
    if "headbegin" not in low or "headend" not in low:
        return {}
    pairs = (
        line.replace("：", ":", 1).partition(":") for line in lines[low.index("headbegin") + 1 : low.index("headend")]
    )
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def look_at_vct(folder: Path, place: str, cancellation: Cancellation) -> tuple[list[VctFact], list[SourceLayer]]:
    """Read a file of a package as a whole: nothing short of that tells whether it is sound."""
    from ...exchange.vct.head import DATUM, VERTICAL
    from ...exchange.vct.read import open_vct, read_all
    from ...geometry import crs as crs_care

    try:
        with open_vct(folder / place, cancellation, join=True) as vct:
            layers = read_all(vct, str(folder / place))
            heights = VERTICAL if vct.head.heights == DATUM else vct.head.heights
    except InputError as error:
        return [VctFact(Path(place).stem, -1, problem=(error.key, error.params))], []
    drawn = [layer for layer in layers if layer.problem is None]
    return [VctFact(x.name, len(x.frame), crs_care.label(x.crs), heights) for x in drawn], layers
