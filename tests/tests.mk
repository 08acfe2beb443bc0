# SPDX-License-Identifier: Apache-2.0
# Each directory of tests/ owns a fragment, as in src/. A unit test is a cmocka program named t-*.
include tests/base/base.mk
