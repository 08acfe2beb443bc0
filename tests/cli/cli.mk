# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/trash.sh
EXTRA_DIST += %D%/trash.sh
