# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += berth
berth_SOURCES = \
	%D%/attach.c %D%/attach-keys.c %D%/attach-keys.h \
	%D%/cli.h \
	%D%/cmd-config.c %D%/cmd-exec.c %D%/cmd-image.c %D%/cmd-life.c %D%/cmd-logs.c %D%/cmd-ps.c %D%/cmd-run.c %D%/cmd-system.c %D%/cmd-trash.c \
	%D%/debug-vt.c %D%/debug-vt.h \
	%D%/format.c %D%/help.c %D%/main.c %D%/parse.c %D%/progress.c \
	%D%/run-opts.c %D%/run-opts.h \
	%D%/table.c %D%/words.c
berth_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
berth_LDADD = $(tui_LIBS) $(engine_LIBS) $(vt_LIBS)
