# SPDX-License-Identifier: Apache-2.0
cli_scripts = \
	%D%/archive.sh %D%/kill-store.sh %D%/podman.sh \
	%D%/completion.sh \
	%D%/config.sh \
	%D%/debug-vt.sh \
	%D%/events.sh \
	%D%/faults.sh \
	%D%/filter.sh \
	%D%/kernel.sh \
	%D%/memory.sh \
	%D%/rootfs-create.sh \
	%D%/own-jobs.sh \
	%D%/tag.sh %D%/trash.sh %D%/upkeep.sh
TESTS += $(cli_scripts)
EXTRA_DIST += $(cli_scripts)
TESTS += %D%/rootfs-read.sh
EXTRA_DIST += %D%/rootfs-read.sh
# Preloaded by memory.sh: plain, of no build system's kind.
check_DATA += tests/lib/nomem.so
CLEANFILES += tests/lib/nomem.so
EXTRA_DIST += tests/lib/nomem.c
tests/lib/nomem.so: tests/lib/nomem.c
	$(AM_V_CCLD)$(MKDIR_P) tests/lib && $(CC) -D_GNU_SOURCE -O1 -Wall -Wextra -shared -fPIC -o $@ $<

# The whole command line but for its main(), so that the tables are the real ones.
if HAVE_CMOCKA
cli_tests = %D%/t-cli
check_PROGRAMS += $(cli_tests)
TESTS += $(cli_tests)
%C%_t_cli_SOURCES = %D%/t-cli.c $(berth_SOURCES)
%C%_t_cli_CPPFLAGS = $(AM_CPPFLAGS) -Dmain=berth_main
%C%_t_cli_CFLAGS = $(berth_CFLAGS) -Wno-missing-prototypes $(CMOCKA_CFLAGS)
%C%_t_cli_LDADD = $(tui_LIBS) $(engine_LIBS) $(vt_LIBS) $(CMOCKA_LIBS)
endif
