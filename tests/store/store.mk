# SPDX-License-Identifier: Apache-2.0
test_layout = tests/lib/layout.c tests/lib/layout.h
if HAVE_CMOCKA
store_tests = %D%/t-store %D%/t-container %D%/t-kernel %D%/t-events
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
%C%_t_store_SOURCES = %D%/t-store.c $(test_layout) $(test_tar)
%C%_t_store_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
%C%_t_store_LDADD = $(store_LIBS) $(ISAL_LIBS) $(ZSTD_LIBS) $(CMOCKA_LIBS)
%C%_t_container_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS)
%C%_t_container_LDADD = $(store_LIBS) $(CMOCKA_LIBS)
%C%_t_kernel_LDADD = $(container_LIBS) $(CMOCKA_LIBS)
%C%_t_events_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS)
%C%_t_events_LDADD = $(container_LIBS) $(CMOCKA_LIBS)
endif
