# SPDX-License-Identifier: Apache-2.0
# config.sh and cache.sh are quick; the others need the built kernel.
TESTS += %D%/config.sh %D%/cache.sh
system_tests += $(srcdir)/%D%/boot.sh $(srcdir)/%D%/readme.sh
EXTRA_DIST += %D%/config.sh %D%/cache.sh %D%/boot.sh %D%/readme.sh
