# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/busybox.sh
EXTRA_DIST += %D%/busybox.sh
