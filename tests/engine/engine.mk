# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/library.sh
EXTRA_DIST += %D%/library.sh
if HAVE_CMOCKA
engine_tests = %D%/t-create %D%/t-logs %D%/t-copy-plan %D%/t-copy-host
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)
%C%_t_create_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS) $(CMOCKA_CFLAGS)
%C%_t_create_LDADD = $(engine_LIBS) $(CMOCKA_LIBS)
%C%_t_logs_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CMOCKA_CFLAGS)
%C%_t_logs_LDADD = $(engine_LIBS) $(CMOCKA_LIBS)
%C%_t_copy_plan_SOURCES = %D%/t-copy-plan.c src/engine/copy-plan.c
%C%_t_copy_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_t_copy_plan_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
%C%_t_copy_host_SOURCES = %D%/t-copy-host.c src/engine/copy-host.c src/engine/copy-plan.c src/engine/copy-pipe.c $(test_tar)
%C%_t_copy_host_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_t_copy_host_LDADD = $(base_LIBS) $(CMOCKA_LIBS) -lpthread
endif

fuzz_targets += %D%/fuzz-log
%C%_fuzz_log_SOURCES = %D%/fuzz-log.c $(fuzz_main)
%C%_fuzz_log_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
%C%_fuzz_log_LDADD = $(engine_LIBS)
%C%_fuzz_log_LDFLAGS = $(fuzz_ldflags)
