# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/trash.sh %D%/filter.sh %D%/config.sh
EXTRA_DIST += %D%/trash.sh %D%/filter.sh %D%/config.sh
