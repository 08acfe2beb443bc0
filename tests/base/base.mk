# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
base_tests = %D%/t-str %D%/t-filter %D%/t-conf %D%/t-loop %D%/t-reserve
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
%C%_t_str_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
%C%_t_filter_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
%C%_t_conf_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
%C%_t_loop_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
%C%_t_reserve_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
endif

fuzz_targets += %D%/fuzz-filter
%C%_fuzz_filter_SOURCES = %D%/fuzz-filter.c $(fuzz_main)
%C%_fuzz_filter_LDADD = $(base_LIBS)
%C%_fuzz_filter_LDFLAGS = $(fuzz_ldflags)

fuzz_targets += %D%/fuzz-config
%C%_fuzz_config_SOURCES = %D%/fuzz-config.c $(fuzz_main)
%C%_fuzz_config_LDADD = $(base_LIBS)
%C%_fuzz_config_LDFLAGS = $(fuzz_ldflags)

fuzz_targets += %D%/fuzz-tar
%C%_fuzz_tar_SOURCES = %D%/fuzz-tar.c $(fuzz_main)
%C%_fuzz_tar_LDADD = $(base_LIBS)
%C%_fuzz_tar_LDFLAGS = $(fuzz_ldflags)
