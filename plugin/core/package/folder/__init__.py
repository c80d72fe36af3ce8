# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a package is put: as a whole, one export at a time, with digests."""
