# SPDX-License-Identifier: Apache-2.0
# What the guest may use too: no libuv, no cJSON.
base_guest_sources = \
	%D%/auto.h %D%/list.h %D%/fs-sink.h \
	%D%/err.c %D%/err.h \
	%D%/buf.c %D%/buf.h \
	%D%/str.c %D%/str.h \
	%D%/clock.c %D%/clock.h \
	%D%/log.c %D%/log.h \
	%D%/path.c %D%/path.h \
	%D%/file.c %D%/file.h \
	%D%/tar.c %D%/tar.h \
	%D%/tar-entry.c %D%/tar-entry.h \
	%D%/tree-pack.c %D%/tree-pack.h \
	%D%/tree-unpack.c %D%/tree-unpack.h \
	%D%/fault.c %D%/fault.h

noinst_LTLIBRARIES += %D%/libbase.la
%C%_libbase_la_SOURCES = $(base_guest_sources) \
	%D%/sock.c %D%/sock.h \
	%D%/filter.c %D%/filter.h \
	%D%/conf.c %D%/conf-table.c %D%/conf.h \
	%D%/lock.c %D%/lock.h \
	%D%/pace.h \
	%D%/json.c %D%/json.h \
	%D%/reserve.c %D%/reserve.h \
	%D%/spawn.c %D%/spawn.h \
	%D%/loop.c %D%/loop.h \
	%D%/watch.c %D%/watch.h \
	%D%/work.c %D%/work.h \
	%D%/where.c %D%/where.h
%C%_libbase_la_CFLAGS = $(AM_CFLAGS) -DBERTH_HELPERDIR='"$(helperdir)"' $(UV_CFLAGS) $(CJSON_CFLAGS) $(INIH_CFLAGS)
base_LIBS = %D%/libbase.la $(UV_LIBS) $(CJSON_LIBS) $(INIH_LIBS)
