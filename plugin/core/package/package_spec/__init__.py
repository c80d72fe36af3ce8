# SPDX-License-Identifier: GPL-2.0-or-later
"""The specification of a package (成果包样式) as data: model, reading, validation."""
