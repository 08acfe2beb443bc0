# SPDX-License-Identifier: Apache-2.0
# config.sh is quick; the others need the built kernel.
TESTS += %D%/config.sh
system_tests += $(srcdir)/%D%/boot.sh $(srcdir)/%D%/readme.sh
EXTRA_DIST += %D%/config.sh %D%/boot.sh %D%/readme.sh
