# SPDX-License-Identifier: Apache-2.0
# Our terminal against others; without libvterm it is tmux alone.
TESTS += %D%/differ.py
EXTRA_DIST += %D%/differ.py %D%/terminals.py %D%/record.py %D%/sessions %D%/cases.tsv %D%/known-differences.tsv
check_PROGRAMS += %D%/vt-dump
%C%_vt_dump_SOURCES = %D%/vt-dump.c %D%/dump.c %D%/dump.h %D%/stream.c %D%/compare.h
%C%_vt_dump_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_vt_dump_LDADD = $(vt_LIBS)
if HAVE_VTERM
check_PROGRAMS += %D%/vterm-dump
%C%_vterm_dump_SOURCES = %D%/vterm-dump.c %D%/dump.c %D%/dump.h
%C%_vterm_dump_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_vterm_dump_CFLAGS = $(AM_CFLAGS) $(VTERM_CFLAGS)
%C%_vterm_dump_LDADD = $(vt_LIBS) $(VTERM_LIBS)
endif

if HAVE_CMOCKA
vt_tests = %D%/t-screen %D%/t-scrollback %D%/t-report %D%/t-input %D%/t-property
check_PROGRAMS += $(vt_tests)
TESTS += $(vt_tests)
%C%_t_screen_LDADD = $(vt_LIBS) $(CMOCKA_LIBS)
%C%_t_scrollback_LDADD = $(vt_LIBS) $(CMOCKA_LIBS)
%C%_t_report_SOURCES = %D%/t-report.c %D%/compare.c %D%/compare.h
%C%_t_report_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_t_report_LDADD = $(vt_LIBS) $(CMOCKA_LIBS)
%C%_t_input_LDADD = $(vt_LIBS) $(CMOCKA_LIBS)
%C%_t_property_SOURCES = %D%/t-property.c %D%/compare.c %D%/compare.h %D%/stream.c
%C%_t_property_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_t_property_LDADD = $(vt_LIBS) $(CMOCKA_LIBS)
endif

fuzz_targets += %D%/fuzz-vt
%C%_fuzz_vt_SOURCES = %D%/fuzz-vt.c %D%/compare.c %D%/compare.h $(fuzz_main)
%C%_fuzz_vt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_fuzz_vt_LDADD = $(vt_LIBS)
%C%_fuzz_vt_LDFLAGS = $(fuzz_ldflags)
