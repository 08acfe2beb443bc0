# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/library.sh
EXTRA_DIST += %D%/library.sh
