# SPDX-License-Identifier: GPL-2.0-or-later
"""Waivers (豁免): findings that somebody accepts, with reason, document, author and expiry, kept in a file beside the data."""
