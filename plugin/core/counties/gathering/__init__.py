# SPDX-License-Identifier: GPL-2.0-or-later
"""汇总: packages of counties become the package of their city or province, one county in memory at a time."""
