# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += %D%/libtui.la
%C%_libtui_la_SOURCES = \
	%D%/tui.h \
	%D%/theme.c %D%/theme.h \
	%D%/canvas.c %D%/canvas.h \
	%D%/term.c %D%/term.h \
	%D%/input.c %D%/input.h \
	%D%/keys.c %D%/keys.h %D%/keys-print.c
%C%_libtui_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CURSES_CFLAGS)
tui_LIBS = %D%/libtui.la $(vt_LIBS) $(CURSES_LIBS) $(base_LIBS)
