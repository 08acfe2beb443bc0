# SPDX-License-Identifier: Apache-2.0
# The scripts of script/, and the library that tests in shell use.
TESTS += %D%/tap-run.sh %D%/figures.sh
EXTRA_DIST += %D%/tap-run.sh %D%/figures.sh script tests/lib/tap.sh tests/lib/wait.sh
