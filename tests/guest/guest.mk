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
