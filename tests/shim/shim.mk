# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
shim_test_cppflags = $(AM_CPPFLAGS) -I$(srcdir)/%D%
shim_test_cflags = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS)
shim_tests = %D%/t-crilog %D%/t-iosock %D%/t-forward %D%/t-console %D%/t-channel %D%/t-record %D%/t-stats
check_PROGRAMS += $(shim_tests)
TESTS += $(shim_tests)
%C%_t_crilog_SOURCES = %D%/t-crilog.c %D%/shim-test.h
%C%_t_crilog_CPPFLAGS = $(shim_test_cppflags)
%C%_t_crilog_CFLAGS = $(shim_test_cflags)
%C%_t_crilog_LDADD = $(shim_LIBS) $(CMOCKA_LIBS)
%C%_t_iosock_SOURCES = %D%/t-iosock.c %D%/shim-test.h
%C%_t_iosock_CPPFLAGS = $(shim_test_cppflags)
%C%_t_iosock_CFLAGS = $(shim_test_cflags)
%C%_t_iosock_LDADD = $(shim_LIBS) $(CMOCKA_LIBS)
%C%_t_forward_SOURCES = %D%/t-forward.c %D%/shim-test.h
%C%_t_forward_CPPFLAGS = $(shim_test_cppflags)
%C%_t_forward_CFLAGS = $(shim_test_cflags)
%C%_t_forward_LDADD = $(shim_LIBS) $(CMOCKA_LIBS)
%C%_t_console_SOURCES = %D%/t-console.c %D%/shim-test.h
%C%_t_console_CPPFLAGS = $(shim_test_cppflags)
%C%_t_console_CFLAGS = $(shim_test_cflags)
%C%_t_console_LDADD = $(shim_LIBS) $(CMOCKA_LIBS)
%C%_t_channel_SOURCES = %D%/t-channel.c %D%/shim-test.h
%C%_t_channel_CPPFLAGS = $(shim_test_cppflags)
%C%_t_channel_CFLAGS = $(shim_test_cflags) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS)
%C%_t_channel_LDADD = $(shim_LIBS) $(CMOCKA_LIBS)
%C%_t_record_SOURCES = %D%/t-record.c %D%/shim-test.h
%C%_t_record_CPPFLAGS = $(shim_test_cppflags)
%C%_t_record_CFLAGS = $(shim_test_cflags) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS)
%C%_t_record_LDADD = $(shim_LIBS) $(CMOCKA_LIBS)
%C%_t_stats_SOURCES = %D%/t-stats.c %D%/shim-test.h
%C%_t_stats_CPPFLAGS = $(shim_test_cppflags)
%C%_t_stats_CFLAGS = $(shim_test_cflags) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS)
%C%_t_stats_LDADD = $(shim_LIBS) $(CMOCKA_LIBS)
endif
