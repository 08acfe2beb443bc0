# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
guest_tests = %D%/t-proc-stat
check_PROGRAMS += $(guest_tests)
TESTS += $(guest_tests)
%C%_t_proc_stat_SOURCES = %D%/t-proc-stat.c guest/vminitd/proc-stat.c
%C%_t_proc_stat_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/guest/vminitd
%C%_t_proc_stat_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_t_proc_stat_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
endif

# The agent with the host's flags, sanitizers among them, for a socket of the host's.
check_PROGRAMS += vminitd-test
vminitd_test_SOURCES = $(vminitd_sources) $(base_guest_sources) $(rpc_guest_sources) $(netlink_guest_sources)
nodist_vminitd_test_SOURCES = $(proto_guest_sources)
vminitd_test_CFLAGS = $(AM_CFLAGS) $(vminitd_includes)
vminitd_test_LDADD = $(vminitd_link)
TESTS += %D%/sandbox.sh
EXTRA_DIST += %D%/sandbox.sh
