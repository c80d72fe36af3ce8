# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of jpg files, from their headers and by decoding them."""

from __future__ import annotations

import hashlib
import re
import struct
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import InputError
from ...exchange.gdal_setup import load_gdal

_START_MARKER, _END_MARKER = b"\xff\xd8", b"\xff\xd9"
_JFIF_MARKER, _EXIF_MARKER, _SCAN_MARKER, _COMMENT_MARKER = 0xE0, 0xE1, 0xDA, 0xFE
#: Frame headers of any coding; the other three of the range are tables.
_FRAME_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF_SIGNATURE = b"Exif\0\0"
_X_RESOLUTION_TAG, _UNIT_TAG = 0x011A, 0x0128
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_MAX_EXIF_ENTRIES = 1000
_CM_PER_INCH = 2.54
#: A marker in a scan that is not part of the data: not an escaped byte 0xFF and not a restart marker.
_NEXT_MARKER_IN_SCAN_PATTERN = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
#: Scripts and pages in a picture's metadata, which a program that shows them could run.
_SCRIPT_PATTERN = re.compile(
    rb"<\s*(?:script|iframe|html|svg|object|embed)\b|javascript:|<\?php|powershell", re.IGNORECASE
)
#: Beginning of the comment in which this plugin describes its maps.
_MAP_DESCRIPTION_PREFIX = b"sanxian map: "
#: Segments for texts: those of applications, and comments.
_APPLICATION_MARKERS = range(0xE0, 0xF0)
_TEXT_MARKERS = {*_APPLICATION_MARKERS, _COMMENT_MARKER}


@dataclass(frozen=True)
class JpegProperties:
    """Properties of a jpg file.

    Attributes
    ----------
    width_px, height_px
        Pixels, 0 without a frame header.
    dpi
        Dots per inch, None if unknown.
    is_complete
        Whether the file has a picture and an end marker.
    has_script
        Whether the file carries a script or a page.
    content_digest
        Digest of the picture without metadata (segments of applications, comments); empty for an incomplete file.
    map_description
        Code, number and title of the map as this plugin writes them into its maps (`write_map_description`); empty in
        other pictures.
    """

    width_px: int = 0
    height_px: int = 0
    dpi: float | None = None
    is_complete: bool = False
    has_script: bool = False
    content_digest: str = ""
    map_description: str = ""


def has_jpeg_suffix(name: str) -> bool:
    """Return True if a file name has the suffix of a jpg."""
    return name.lower().endswith((".jpg", ".jpeg"))


def inspect_jpeg(path: Path) -> JpegProperties:
    """Return the properties of a jpg file; an empty `JpegProperties` if the file is not a jpg.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as handle:
        return read_jpeg(handle)


def read_jpeg(handle: BinaryIO) -> JpegProperties:
    """Return the properties of an open, seekable jpg file; an empty `JpegProperties` for another file."""
    if handle.read(2) != _START_MARKER:
        return JpegProperties()
    size, jfif_dpi, exif_dpi, has_scan, has_script = (0, 0), None, None, False, False
    digest = hashlib.sha256()
    map_description = ""
    while (marker := _read_next_marker(handle)) is not None:
        if marker == _SCAN_MARKER:
            has_scan = True
            break
        body = _read_segment_body(handle)
        if body is None:
            break
        has_script = has_script or (marker in _TEXT_MARKERS and _SCRIPT_PATTERN.search(body) is not None)
        if marker not in _TEXT_MARKERS:
            digest.update(bytes([marker]) + body)
        if marker in _FRAME_MARKERS and len(body) >= 5:
            height, width = struct.unpack(">HH", body[1:5])
            size = (width, height)
        elif marker == _JFIF_MARKER and body.startswith(b"JFIF\0") and len(body) >= 12:
            jfif_dpi = _read_jfif_dpi(body)
        elif marker == _EXIF_MARKER and body.startswith(_EXIF_SIGNATURE):
            exif_dpi = _read_exif_dpi(body[len(_EXIF_SIGNATURE) :])
        elif marker == _COMMENT_MARKER and body.startswith(_MAP_DESCRIPTION_PREFIX):
            map_description = body[len(_MAP_DESCRIPTION_PREFIX) :].decode("utf-8", "replace")
    scans = handle.read() if has_scan and all(size) else b""
    is_complete = _has_end_mark(scans)
    digest.update(scans)
    return JpegProperties(
        *size,
        jfif_dpi if jfif_dpi is not None else exif_dpi,
        is_complete,
        has_script,
        digest.hexdigest() if is_complete else "",
        map_description,
    )


def make_map_description(code: str, number: str, title: str) -> str:
    """Return the description that the plugin writes into a map: code of the county, number and title."""
    return f"{code} {number} {title}"


def write_map_description(path: Path, description: str) -> None:
    """Write a map's description into a jpg as a comment before its picture.

    Nothing else changes; a file that is not a jpg is left as it is.
    """
    data = path.read_bytes()
    if not data.startswith(_START_MARKER):
        return
    # JFIF must be the first segment.
    position = len(_START_MARKER)
    while data[position : position + 1] == b"\xff" and data[position + 1] in _APPLICATION_MARKERS:
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    body = _MAP_DESCRIPTION_PREFIX + description.encode("utf-8")
    segment = bytes([0xFF, _COMMENT_MARKER]) + (len(body) + 2).to_bytes(2, "big") + body
    path.write_bytes(data[:position] + segment + data[position:])


def _read_next_marker(handle: BinaryIO) -> int | None:
    """Return the next marker of a jpg; None if no marker follows.

    Bytes of 0xFF before the marker are padding.
    """
    byte = handle.read(1)
    if byte != b"\xff":
        return None
    while byte == b"\xff":
        byte = handle.read(1)
    return byte[0] if byte else None


def _read_segment_body(handle: BinaryIO) -> bytes | None:
    """Return the content of a jpg segment; None if the file ends within it."""
    head = handle.read(2)
    length = struct.unpack(">H", head)[0] - 2 if len(head) == 2 else -1
    body = handle.read(length) if length >= 0 else b""
    return body if len(body) == length else None


def _has_end_mark(data: bytes) -> bool:
    """Return True if picture data, from the first scan on, have an end marker."""
    position = 0
    while (marker := _NEXT_MARKER_IN_SCAN_PATTERN.search(data, position)) is not None:
        position = marker.end()
        if marker[1] == _END_MARKER[1:]:
            return True
        # The next of several scans, or tables between them, state their length.
        length = int.from_bytes(data[position : position + 2], "big")
        position += max(length, 2)
    return False


def _read_jfif_dpi(body: bytes) -> float | None:
    """Return the resolution in a JFIF segment, in dots per inch; None if unknown."""
    unit, horizontal, vertical = struct.unpack(">BHH", body[7:12])
    dots = float(min(horizontal, vertical))
    return {1: dots, 2: dots * _CM_PER_INCH}.get(unit) if dots else None


def _read_exif_dpi(body: bytes) -> float | None:
    """Return the resolution that Exif states, in dots per inch; None if unknown.

    The unit of the stored value is 2 (inch, the default) or 3 (centimetre).
    """
    byte_order, entries = _get_byte_order(body), _read_exif_entries(body)
    try:
        unit_bytes = entries.get(_UNIT_TAG)
        # Usually two bytes; some programs write four.
        format_code = "H" if unit_bytes is None or len(unit_bytes) == 2 else "I"
        unit = 2 if unit_bytes is None else struct.unpack(f"{byte_order}{format_code}", unit_bytes)[0]
        numerator, denominator = struct.unpack(f"{byte_order}II", entries.get(_X_RESOLUTION_TAG, b""))
    except struct.error:
        return None
    dots = numerator / denominator if denominator else 0
    return None if not dots else dots * _CM_PER_INCH if unit == 3 else dots


def _get_byte_order(body: bytes) -> str | None:
    """Return the byte order of Exif data as a format character of `struct`.

    None if the data do not name one.
    """
    return {b"II": "<", b"MM": ">"}.get(body[:2])


def _read_exif_entries(body: bytes) -> dict[int, bytes]:
    """Return tag → value of the first directory of Exif data.

    ``body`` begins with the byte order, "II" or "MM". Of damaged data, the readable values are returned.
    """
    byte_order = _get_byte_order(body)
    entries: dict[int, bytes] = {}
    if byte_order is None or len(body) < 8:
        return entries
    try:
        (directory_offset,) = struct.unpack_from(byte_order + "I", body, 4)
        (count,) = struct.unpack_from(byte_order + "H", body, directory_offset)
        for n in range(min(count, _MAX_EXIF_ENTRIES)):
            entry_offset = directory_offset + 2 + 12 * n
            tag, kind, length, value_offset = struct.unpack_from(byte_order + "HHII", body, entry_offset)
            size = _TYPE_SIZES.get(kind, 0) * length
            start = entry_offset + 8 if size <= 4 else value_offset
            entries.setdefault(tag, body[start : start + size])
    except struct.error:
        return entries
    return entries


def make_world_file_name(name: str) -> str:
    """Return the name of the world file (.jgw) of a picture."""
    return f"{name.rpartition('.')[0]}.jgw"


# Decode a jpg at an eighth of its size to verify that its data are intact and not of one colour. GDAL reports damage
# within the data, Pillow (without GDAL) only truncated pictures. Without both the report notes that the picture was not
# decoded.

#: The decoder in a report; UNREAD: no decoder is installed.
DECODED_BY_GDAL, DECODED_BY_PILLOW, NOT_DECODED = "gdal", "pillow", "unread"
#: Makes GDAL fail where libjpeg only warns, for example of damaged or missing data.
_STRICT_DECODING_OPTION = "GDAL_ERROR_ON_LIBJPEG_WARNING"
#: Divisor of width and height for decoding; libjpeg does this step without extra work.
DECODED_SCALE_DIVISOR = 8
#: Divisor of width and height for the search of sharp lines, and rows of the picture that are read at once.
_DETAIL_SCALE_DIVISOR, _DETAIL_ROWS = 2, 512
#: Share of the pairs of neighbouring pixels that must be sharp, and the difference at which the search ends.
_DETAIL_SHARE, MAX_DETAIL_LEVELS = 1e-4, 128
#: Ratio of the contrasts of two pictures below which they are not compared.
_LEAST_CONTRAST = 0.5
#: Variance of the levels of a thumbnail below which a picture shows too little to be compared.
_LEAST_VARIANCE = 64.0
#: Rows and columns of a thumbnail.
THUMBNAIL_CELLS = 128
#: Levels of 255 by which jpg may change a single colour.
_SAME_COLOUR_TOLERANCE = 6


@dataclass(frozen=True)
class DecodedJpeg:
    """Result of decoding a jpg.

    Attributes
    ----------
    decoder
        The decoder: GDAL, Pillow or none.
    is_sound
        Whether the data could be decoded to the end.
    max_difference
        Largest difference between two pixels in any band, 0 to 255; None without decoding.
    one_colour_share
        Share of pixels with the commonest colour (bands in steps of 16); None without decoding.
    plain_edge_share
        Largest share of the height or width that lies at one edge and has one colour; None without decoding.
    detail_levels
        Difference between neighbouring pixels at the sharpest lines, at half the size: at most `MAX_DETAIL_LEVELS`,
        None if unknown (without GDAL).
    thumbnail
        Mean colours of the cells of a grid of `THUMBNAIL_CELLS` rows and columns: red, green, blue (or grey), each row
        after row. Empty without decoding.
    """

    decoder: str = NOT_DECODED
    is_sound: bool = True
    max_difference: int | None = None
    one_colour_share: float | None = None
    plain_edge_share: float | None = None
    detail_levels: int | None = None
    thumbnail: bytes = field(default=b"", repr=False)


def decode_jpeg(path: Path) -> DecodedJpeg:
    """Return the result of decoding a jpg; damaged content raises no error."""
    return _decode_with_gdal(path) or _decode_with_pillow(path) or DecodedJpeg()


def _decode_with_gdal(path: Path) -> DecodedJpeg | None:
    """Return the result of decoding a jpg with GDAL; None without GDAL or its jpg driver."""
    try:
        with load_gdal() as gdal:
            if gdal.GetDriverByName("JPEG") is None:
                return None
            previous = gdal.GetThreadLocalConfigOption(_STRICT_DECODING_OPTION)
            gdal.SetThreadLocalConfigOption(_STRICT_DECODING_OPTION, "TRUE")
            try:
                return _read_with_gdal(gdal, path)
            finally:
                gdal.SetThreadLocalConfigOption(_STRICT_DECODING_OPTION, previous)
    except InputError:
        return None


def _read_with_gdal(gdal: Any, path: Path) -> DecodedJpeg:
    """Return the result of decoding a jpg with GDAL at a reduced size."""
    import numpy as np

    messages: list[str] = []
    gdal.PushErrorHandler(lambda level, number, message: messages.append(message) if level >= 3 else None)
    try:
        picture = gdal.OpenEx(str(path), gdal.OF_RASTER, ["JPEG"])
        if picture is None:
            return DecodedJpeg(DECODED_BY_GDAL, False)
        pixels = _read_reduced_bands(picture)
        if pixels is None or messages:
            return DecodedJpeg(DECODED_BY_GDAL, False)
        bands = pixels.reshape(len(pixels), -1)
        decoded_jpeg = _measure_pixels(bands, DECODED_BY_GDAL, int(np.ptp(bands, axis=1).max()), pixels.shape[2])
        return replace(decoded_jpeg, detail_levels=_measure_detail(picture))
    except (RuntimeError, ValueError):
        # QGIS may have configured GDAL to raise, or the bands do not have bytes.
        return DecodedJpeg(DECODED_BY_GDAL, False)
    finally:
        gdal.PopErrorHandler()


def _compute_reduced_size(width: int, height: int) -> tuple[int, int]:
    """Return the width and height in pixels at which a picture is decoded, at least 1."""
    return max(width // DECODED_SCALE_DIVISOR, 1), max(height // DECODED_SCALE_DIVISOR, 1)


def _read_reduced_bands(picture: Any) -> Any:
    """Return the pixels of a picture opened with GDAL at a reduced size, an array of bands by rows by columns.

    None if it has no data. Raise ValueError if the bands do not have bytes, and RuntimeError where GDAL raises.
    """
    import numpy as np

    width, height = picture.RasterXSize, picture.RasterYSize
    columns, rows = _compute_reduced_size(width, height)
    data = picture.ReadRaster(0, 0, width, height, columns, rows)
    return np.frombuffer(data, dtype=np.uint8).reshape(picture.RasterCount, rows, columns) if data else None


def _decode_with_pillow(path: Path) -> DecodedJpeg | None:
    """Return the result of decoding a jpg with Pillow; None without Pillow or for a too large picture."""
    import numpy as np

    try:
        from PIL import Image  # type: ignore[import-untyped]
    except ImportError:
        return None
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore")
            picture.draft(None, _compute_reduced_size(picture.width, picture.height))
            picture.load()
            extrema = picture.getextrema()
            data = np.asarray(picture)
    except Image.DecompressionBombError:
        return None
    except (OSError, SyntaxError, ValueError):
        return DecodedJpeg(DECODED_BY_PILLOW, False)
    ranges = extrema if isinstance(extrema[0], tuple) else (extrema,)
    bands = data.reshape(-1, len(ranges)).T
    return _measure_pixels(bands, DECODED_BY_PILLOW, int(max(high - low for low, high in ranges)), data.shape[1])


def _measure_pixels(bands: Any, decoder: str, max_difference: int, width: int) -> DecodedJpeg:
    """Return the result of decoding an intact jpg, measured from its pixels.

    ``bands`` is an array of bands by pixels, row after row of ``width`` pixels.
    """
    rows = bands.reshape(len(bands), -1, width)
    return DecodedJpeg(
        decoder,
        True,
        max_difference,
        _measure_commonest_colour(bands),
        _measure_plain_edges(rows),
        thumbnail=_make_thumbnail(rows),
    )


def _measure_detail(picture: Any) -> int | None:
    """Return the difference of levels between neighbouring pixels at the sharpest lines.

    None if the picture has no data. The picture is read in strips at half its size until enough pairs of pixels are
    sharp; a title is enough.
    """
    import numpy as np

    width, height = picture.RasterXSize, picture.RasterYSize
    columns = width // _DETAIL_SCALE_DIVISOR
    least_pairs = _DETAIL_SHARE * columns * (height // _DETAIL_SCALE_DIVISOR)
    if columns < 2:
        return None
    # Of three bands green shows most of the brightness.
    band = picture.GetRasterBand(min(2, picture.RasterCount))
    pair_counts = np.zeros(256, dtype=np.int64)
    for first_row in range(0, height - _DETAIL_SCALE_DIVISOR + 1, _DETAIL_ROWS):
        read_rows = min(_DETAIL_ROWS, height - first_row)
        rows = max(read_rows // _DETAIL_SCALE_DIVISOR, 1)
        data = band.ReadRaster(0, first_row, width, read_rows, columns, rows)
        if not data:
            return None
        pixels = np.frombuffer(data, dtype=np.uint8).reshape(rows, columns).astype(np.int16)
        pair_counts += np.bincount(np.abs(np.diff(pixels, axis=1)).ravel(), minlength=256)
        if pair_counts[MAX_DETAIL_LEVELS:].sum() >= least_pairs:
            return MAX_DETAIL_LEVELS
    pairs_from = np.cumsum(pair_counts[::-1])[::-1]
    return min(int(np.flatnonzero(pairs_from >= least_pairs).max(initial=0)), MAX_DETAIL_LEVELS)


def _make_thumbnail(pixel_rows: Any) -> bytes:
    """Return the mean colours of the cells of a grid over the picture.

    Empty if the picture is smaller than the grid. ``pixel_rows`` is an array of bands by rows by columns.
    """
    import numpy as np

    if min(pixel_rows.shape[1:]) < THUMBNAIL_CELLS:
        return b""
    means = pixel_rows[:3].astype(np.float32)
    for axis in (1, 2):
        # Rounded, so that the cells of a turned picture are those of the picture.
        edges = np.round(np.arange(THUMBNAIL_CELLS + 1) * means.shape[axis] / THUMBNAIL_CELLS).astype(int)
        sizes = np.diff(edges).astype(np.float32).reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        means = np.add.reduceat(means, edges[:-1], axis=axis) / sizes
    return bytes(np.round(means).astype(np.uint8).tobytes())


def measure_thumbnail_difference(thumbnail: bytes, other_thumbnail: bytes) -> float | None:
    """Return the largest difference of levels between two thumbnails.

    None if they cannot be compared. A difference of the whole picture in brightness and contrast is removed first. No
    two maps of a series are that similar, because titles differ.
    """
    import numpy as np

    if not thumbnail or len(thumbnail) != len(other_thumbnail):
        return None
    cells, other_cells = (
        np.frombuffer(data, dtype=np.uint8).reshape(-1, THUMBNAIL_CELLS**2).astype(np.float32)
        for data in (thumbnail, other_thumbnail)
    )
    centred = cells - cells.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1, keepdims=True)
    if variance.min() < _LEAST_VARIANCE:
        return None
    other_centred = other_cells - other_cells.mean(axis=1, keepdims=True)
    contrast = (centred * other_centred).mean(axis=1, keepdims=True) / variance
    # A negative of a picture, or one with hardly any contrast, is another picture.
    return float(np.abs(other_centred - contrast * centred).max()) if (contrast > _LEAST_CONTRAST).all() else None


def _measure_plain_edges(pixel_rows: Any) -> float:
    """Return the largest share of the height or width that lies at one edge and has one colour.

    ``pixel_rows`` is an array of bands by rows by columns.
    """
    import numpy as np

    shares = []
    for lines in (
        pixel_rows,
        pixel_rows[:, ::-1],
        pixel_rows.transpose(0, 2, 1),
        pixel_rows.transpose(0, 2, 1)[:, ::-1],
    ):
        colour = np.median(lines[:, 0], axis=1)
        is_plain = (np.abs(lines - colour[:, None, None]) <= _SAME_COLOUR_TOLERANCE).all(axis=(0, 2))
        shares.append(float(np.argmin(is_plain) if not is_plain.all() else len(is_plain)) / len(is_plain))
    return max(shares)


def _measure_commonest_colour(bands: Any) -> float:
    """Return the share of pixels with the commonest colour.

    ``bands`` is an array of bands by pixels. Values are rounded to steps of 16, because jpg changes a single colour
    slightly.
    """
    import numpy as np

    steps = (bands[:3].astype(np.uint32) + 8) // 16
    colours = np.zeros(steps.shape[1], np.uint32)
    for band in steps:
        colours = colours * 32 + band
    return float(np.unique(colours, return_counts=True)[1].max() / colours.size)
