# SPDX-License-Identifier: Apache-2.0
# Each directory of tests/ owns a fragment, as in src/. A unit test is a cmocka program named t-*.
include tests/base/base.mk
include tests/rpc/rpc.mk
include tests/oci/oci.mk
include tests/netlink/netlink.mk
include tests/ext4/ext4.mk
include tests/vt/vt.mk
include tests/store/store.mk
include tests/vm/vm.mk
include tests/shim/shim.mk
include tests/job/job.mk
include tests/engine/engine.mk
include tests/tui/tui.mk
include tests/cli/cli.mk
include tests/guest/guest.mk
include tests/kernel/kernel.mk
include tests/images/images.mk
include tests/script/script.mk
include tests/system/system.mk

# A fuzz target is tests/X/fuzz-NAME.c with $(fuzz_main), linked with $(fuzz_ldflags); NAME's corpus is
# tests/fuzz/corpus/NAME. With --enable-fuzzers libFuzzer brings its main(), else fuzz-replay.c runs the corpus.
if FUZZERS
fuzz_main =
fuzz_ldflags = $(FUZZ_LDFLAGS)
noinst_PROGRAMS += $(fuzz_targets)
else
fuzz_main = tests/lib/fuzz-replay.c
fuzz_ldflags =
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
endif
EXTRA_DIST += tests/fuzz/corpus
