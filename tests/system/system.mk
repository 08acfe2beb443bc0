# SPDX-License-Identifier: Apache-2.0
# System tests start real VMs: each program directly in this folder is one; what they share is in lib/.
system_tests += $(sort $(wildcard $(srcdir)/%D%/*.sh $(srcdir)/%D%/*.py))
EXTRA_DIST += %D%
