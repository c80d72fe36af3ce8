# SPDX-License-Identifier: GPL-2.0-or-later
"""Decode a jpg once, at an eighth of its size, to verify that its data is sound and shows something. GDAL reports damage in
between; Pillow, without GDAL, only a picture that breaks off; without both the report notes that nothing was decoded."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...exchange.quiet import quiet_gdal

#: How a picture was opened, as a report calls it; UNREAD: nothing here opens one.
GDAL, PILLOW, UNREAD = "gdal", "pillow", "unread"
#: Makes GDAL fail where libjpeg only warns, as it does of data that are damaged or gone.
_STRICT = "GDAL_ERROR_ON_LIBJPEG_WARNING"
#: The share of its width and height at which a picture is decoded: what libjpeg does without effort.
_SHARE = 8


@dataclass(frozen=True)
class Decoded:
    """``by``: what opened it; ``sound``: its data could be decoded to the end; ``levels``: the largest difference between two
    pixels in any band, 0 to 255; ``plain``: the share of pixels of the commonest colour (bands by steps of 16). Both None where
    it was not decoded."""

    by: str = UNREAD
    sound: bool = True
    levels: int | None = None
    plain: float | None = None


def decode(path: Path) -> Decoded:
    """Return the result of decoding a jpg. Content of the file raises nothing."""
    return _by_gdal(path) or _by_pillow(path) or Decoded()


def _by_gdal(path: Path) -> Decoded | None:
    """None where GDAL, or its driver of jpg, is not here."""
    try:
        with quiet_gdal() as gdal:
            if gdal.GetDriverByName("JPEG") is None:
                return None
            before = gdal.GetThreadLocalConfigOption(_STRICT)
            gdal.SetThreadLocalConfigOption(_STRICT, "TRUE")
            try:
                return _read(gdal, path)
            finally:
                gdal.SetThreadLocalConfigOption(_STRICT, before)
    except InputError:
        return None


def _read(gdal: Any, path: Path) -> Decoded:
    import numpy as np

    said: list[str] = []
    gdal.PushErrorHandler(lambda level, number, message: said.append(message) if level >= 3 else None)
    try:
        picture = gdal.OpenEx(str(path), gdal.OF_RASTER, ["JPEG"])
        if picture is None:
            return Decoded(GDAL, False)
        width, height = picture.RasterXSize, picture.RasterYSize
        size = (max(width // _SHARE, 1), max(height // _SHARE, 1))
        data = picture.ReadRaster(0, 0, width, height, *size)
        if not data or said:
            return Decoded(GDAL, False)
        bands = np.frombuffer(data, dtype=np.uint8).reshape(picture.RasterCount, -1)
        return Decoded(GDAL, True, int(np.ptp(bands, axis=1).max()), _plain(bands))
    except (RuntimeError, ValueError):
        # QGIS may have set GDAL to raise; or the bands are not of bytes.
        return Decoded(GDAL, False)
    finally:
        gdal.PopErrorHandler()


def _by_pillow(path: Path) -> Decoded | None:
    """None where Pillow is not here, or the picture is larger than it opens."""
    import numpy as np

    try:
        from PIL import Image  # type: ignore[import-untyped]
    except ImportError:
        return None
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore")
            picture.draft(None, (max(picture.width // _SHARE, 1), max(picture.height // _SHARE, 1)))
            picture.load()
            extrema = picture.getextrema()
            data = np.asarray(picture)
    except Image.DecompressionBombError:
        return None
    except (OSError, SyntaxError, ValueError):
        return Decoded(PILLOW, False)
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    bands = data.reshape(-1, len(pairs)).T
    return Decoded(PILLOW, True, int(max(high - low for low, high in pairs)), _plain(bands))


def _plain(bands: Any) -> float:
    """The share of the commonest colour among pixels, each band (a row) by steps of 16: what a jpg makes of one colour is one."""
    import numpy as np

    steps = (bands[:3].astype(np.uint32) + 8) // 16
    colours = np.zeros(steps.shape[1], np.uint32)
    for band in steps:
        colours = colours * 32 + band
    return float(np.unique(colours, return_counts=True)[1].max() / colours.size)
