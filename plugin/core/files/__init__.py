# SPDX-License-Identifier: GPL-2.0-or-later
"""Files as bytes and text: encodings, tables, TOML, atomic output and locks."""
