# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += %D%/libtui.la
%C%_libtui_la_SOURCES = \
	%D%/act-many.c %D%/act.c %D%/act.h \
	%D%/app-draw.c %D%/app.c %D%/app.h \
	%D%/canvas-zone.c %D%/canvas.c %D%/canvas.h \
	%D%/clip.c %D%/clip.h \
	%D%/command.c %D%/command.h \
	%D%/config.c %D%/config.h \
	%D%/console-clip.c %D%/console-draw.c %D%/console-keys.c %D%/console.h \
	%D%/detail-ask.c %D%/detail-procs.c %D%/detail.h \
	%D%/fmt.c %D%/fmt.h \
	%D%/form-draw.c %D%/form-edit.c %D%/form-file.c %D%/form-file.h %D%/form-import.c %D%/form-login.c %D%/form-memory.c %D%/form-run.c %D%/form-save.c %D%/form-small.c %D%/form.c %D%/form.h \
	%D%/history.c %D%/history.h \
	%D%/host-facts.c %D%/host.h \
	%D%/input.c %D%/input.h \
	%D%/keys-map.c %D%/keys-print.c %D%/keys.c %D%/keys.h \
	%D%/line.c %D%/line.h \
	%D%/logs-act.c %D%/logs-search.c %D%/logs.h \
	%D%/main.c \
	%D%/model-ends.c %D%/model-host.c %D%/model.c %D%/model.h \
	%D%/mouse.c %D%/mouse.h \
	%D%/msglog.c %D%/msglog.h \
	%D%/msgs.c %D%/msgs.h \
	%D%/palette.c %D%/palette.h \
	%D%/prompt.c %D%/prompt.h \
	%D%/rows-order.c %D%/rows-priv.h %D%/rows.c %D%/rows.h \
	%D%/save.c %D%/save.h \
	%D%/screen.c %D%/screen.h \
	%D%/settings.c %D%/settings.h \
	%D%/squeeze.c %D%/squeeze.h \
	%D%/stats.c %D%/stats.h \
	%D%/task-kernel.c %D%/task-priv.h %D%/task.c %D%/task.h \
	%D%/term.c %D%/term.h \
	%D%/text-act.c %D%/text-draw.c %D%/text.c %D%/text.h \
	%D%/theme.c %D%/theme.h \
	%D%/tty.c %D%/tty.h \
	%D%/tui.h \
	%D%/view-choose.c %D%/view-command.c %D%/view-console.c %D%/view-consoles.c %D%/view-detail.c %D%/view-events.c %D%/view-first.c %D%/view-first.h \
	%D%/view-help.c %D%/view-home.c %D%/view-host.c %D%/view-images.c %D%/view-images.h %D%/view-jobs.c %D%/view-layers.c \
	%D%/view-logs.c %D%/view-messages.c %D%/view-palette.c %D%/view-pull.c %D%/view-select.c %D%/view-sources.c \
	%D%/view-text.c %D%/view-trash.c \
	%D%/views.h
%C%_libtui_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CURSES_CFLAGS)
tui_LIBS = %D%/libtui.la $(vt_LIBS) $(CURSES_LIBS) $(base_LIBS)
