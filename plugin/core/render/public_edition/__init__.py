# SPDX-License-Identifier: GPL-2.0-or-later
"""The public edition (公开版, 脱密) of maps and reports."""
