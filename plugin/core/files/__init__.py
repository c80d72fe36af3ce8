# SPDX-License-Identifier: GPL-2.0-or-later
"""Files as bytes and text: encodings, code pages, tables and sheets, TOML, atomic output, and who has a file open."""
