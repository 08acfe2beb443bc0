# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += %D%/libvt.la
%C%_libvt_la_SOURCES = %D%/vt.h %D%/vt-priv.h %D%/width-table.h \
	%D%/vt.c %D%/parser.c %D%/print.c %D%/screen.c %D%/control.c %D%/csi.c %D%/mode.c %D%/sgr.c \
	%D%/osc.c %D%/report.c %D%/pass.c %D%/ext.c %D%/utf8.c %D%/width.c \
	%D%/scrollback.c %D%/reflow.c %D%/snapshot.c %D%/encode.c
EXTRA_DIST += %D%/gen-width.c
vt_LIBS = %D%/libvt.la $(base_LIBS)
