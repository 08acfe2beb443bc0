# SPDX-License-Identifier: Apache-2.0
# The UI over an engine that stands still (fake-engine.c): keys in, screen and calls out.
if HAVE_CMOCKA
tui_test_common = %D%/drive.c %D%/drive.h %D%/sees.h %D%/fake-engine.c %D%/fake-engine.h
tui_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)
tui_test_cflags = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS)
tui_tests = %D%/t-keys %D%/t-golden %D%/t-stats %D%/t-bytes %D%/t-msglog %D%/t-forms %D%/t-sizes %D%/t-many
tui_tests += %D%/t-questions %D%/t-mouse %D%/t-pull %D%/t-host %D%/t-room
tui_tests += %D%/t-config %D%/t-paste %D%/t-procs %D%/t-search %D%/t-palette %D%/t-squeeze
check_PROGRAMS += $(tui_tests)
TESTS += $(tui_tests)
tui_test_rows = %D%/keys-rows.c %D%/keys-rows.h
%C%_t_questions_SOURCES = %D%/t-questions.c $(tui_test_rows) $(tui_test_common)
%C%_t_questions_CPPFLAGS = $(tui_test_cppflags)
%C%_t_questions_CFLAGS = $(tui_test_cflags)
%C%_t_questions_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_config_SOURCES = %D%/t-config.c $(tui_test_common)
%C%_t_config_CPPFLAGS = $(tui_test_cppflags)
%C%_t_config_CFLAGS = $(tui_test_cflags)
%C%_t_config_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_paste_SOURCES = %D%/t-paste.c $(tui_test_common)
%C%_t_paste_CPPFLAGS = $(tui_test_cppflags)
%C%_t_paste_CFLAGS = $(tui_test_cflags)
%C%_t_paste_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_search_SOURCES = %D%/t-search.c $(tui_test_common)
%C%_t_search_CPPFLAGS = $(tui_test_cppflags)
%C%_t_search_CFLAGS = $(tui_test_cflags)
%C%_t_search_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_squeeze_SOURCES = %D%/t-squeeze.c
%C%_t_squeeze_CPPFLAGS = $(tui_test_cppflags)
%C%_t_squeeze_CFLAGS = $(tui_test_cflags)
%C%_t_squeeze_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_keys_SOURCES = %D%/t-keys.c $(tui_test_rows) $(tui_test_common)
%C%_t_keys_CPPFLAGS = $(tui_test_cppflags)
%C%_t_keys_CFLAGS = $(tui_test_cflags)
%C%_t_keys_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_golden_SOURCES = %D%/t-golden.c %D%/golden.h %D%/scenes-lists.c %D%/scenes-views.c %D%/scenes-guests.c $(tui_test_common)
%C%_t_golden_CPPFLAGS = $(tui_test_cppflags)
%C%_t_golden_CFLAGS = $(tui_test_cflags)
%C%_t_golden_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_stats_SOURCES = %D%/t-stats.c $(tui_test_common)
%C%_t_stats_CPPFLAGS = $(tui_test_cppflags)
%C%_t_stats_CFLAGS = $(tui_test_cflags)
%C%_t_stats_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_bytes_SOURCES = %D%/t-bytes.c $(tui_test_common)
%C%_t_bytes_CPPFLAGS = $(tui_test_cppflags)
%C%_t_bytes_CFLAGS = $(tui_test_cflags)
%C%_t_bytes_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_msglog_SOURCES = %D%/t-msglog.c
%C%_t_msglog_CPPFLAGS = $(tui_test_cppflags)
%C%_t_msglog_CFLAGS = $(tui_test_cflags)
%C%_t_msglog_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_forms_SOURCES = %D%/t-forms.c $(tui_test_common)
%C%_t_forms_CPPFLAGS = $(tui_test_cppflags)
%C%_t_forms_CFLAGS = $(tui_test_cflags)
%C%_t_forms_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_sizes_SOURCES = %D%/t-sizes.c $(tui_test_common)
%C%_t_sizes_CPPFLAGS = $(tui_test_cppflags)
%C%_t_sizes_CFLAGS = $(tui_test_cflags)
%C%_t_sizes_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_many_SOURCES = %D%/t-many.c $(tui_test_common)
%C%_t_many_CPPFLAGS = $(tui_test_cppflags)
%C%_t_many_CFLAGS = $(tui_test_cflags)
%C%_t_many_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_mouse_SOURCES = %D%/t-mouse.c $(tui_test_common)
%C%_t_mouse_CPPFLAGS = $(tui_test_cppflags)
%C%_t_mouse_CFLAGS = $(tui_test_cflags)
%C%_t_mouse_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_pull_SOURCES = %D%/t-pull.c $(tui_test_common)
%C%_t_pull_CPPFLAGS = $(tui_test_cppflags)
%C%_t_pull_CFLAGS = $(tui_test_cflags)
%C%_t_pull_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_host_SOURCES = %D%/t-host.c $(tui_test_common)
%C%_t_host_CPPFLAGS = $(tui_test_cppflags)
%C%_t_host_CFLAGS = $(tui_test_cflags)
%C%_t_host_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_room_SOURCES = %D%/t-room.c $(tui_test_common)
%C%_t_room_CPPFLAGS = $(tui_test_cppflags)
%C%_t_room_CFLAGS = $(tui_test_cflags)
%C%_t_room_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_procs_SOURCES = %D%/t-procs.c $(tui_test_common)
%C%_t_procs_CPPFLAGS = $(tui_test_cppflags)
%C%_t_procs_CFLAGS = $(tui_test_cflags)
%C%_t_procs_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
%C%_t_palette_SOURCES = %D%/t-palette.c $(tui_test_common)
%C%_t_palette_CPPFLAGS = $(tui_test_cppflags)
%C%_t_palette_CFLAGS = $(tui_test_cflags)
%C%_t_palette_LDADD = $(tui_LIBS) $(CMOCKA_LIBS)
# The screens of docs/TUI.md. They are made from the source alone, so the file is part of it, and a test compares.
check_PROGRAMS += %D%/tui-doc
TESTS += %D%/doc.sh
%C%_tui_doc_SOURCES = %D%/tui-doc.c %D%/tui-doc.h %D%/tui-doc-pages.c %D%/golden.h %D%/scenes-lists.c \
	%D%/scenes-views.c %D%/scenes-guests.c $(tui_test_common)
%C%_tui_doc_CPPFLAGS = $(tui_test_cppflags)
%C%_tui_doc_CFLAGS = $(tui_test_cflags)
%C%_tui_doc_LDADD = $(tui_LIBS)
tui-doc: %D%/tui-doc
	%D%/tui-doc >%D%/TUI.md && mv %D%/TUI.md '$(srcdir)/docs/TUI.md'
endif
.PHONY: tui-doc
EXTRA_DIST += %D%/keys.tsv %D%/accepted-differences %D%/golden %D%/doc.sh docs/TUI.md

fuzz_targets += %D%/fuzz-input
%C%_fuzz_input_SOURCES = %D%/fuzz-input.c $(fuzz_main)
%C%_fuzz_input_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
%C%_fuzz_input_LDADD = $(tui_LIBS)
%C%_fuzz_input_LDFLAGS = $(fuzz_ldflags)
