# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += %D%/vt-tool
%C%_vt_tool_SOURCES = %D%/vt-tool.c src/cli/debug-vt.c src/cli/debug-vt.h
%C%_vt_tool_LDADD = $(vt_LIBS)

if HAVE_CMOCKA
vt_tests = %D%/t-screen %D%/t-scrollback %D%/t-report %D%/t-input %D%/t-property
check_PROGRAMS += $(vt_tests)
TESTS += $(vt_tests)
%C%_t_screen_LDADD = $(vt_LIBS) $(CMOCKA_LIBS)
%C%_t_scrollback_LDADD = $(vt_LIBS) $(CMOCKA_LIBS)
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
