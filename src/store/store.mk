# SPDX-License-Identifier: Apache-2.0
# Containers' folders, kernels and events, a library of their own: the shim needs nothing else of the store.
noinst_LTLIBRARIES += %D%/libcontainer.la
%C%_libcontainer_la_SOURCES = %D%/container.c %D%/container.h %D%/kernel.c %D%/kernel.h \
	%D%/events.c %D%/events.h %D%/events-read.c
%C%_libcontainer_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
container_LIBS = %D%/libcontainer.la $(oci_LIBS) $(base_LIBS)

noinst_LTLIBRARIES += %D%/libstore.la
%C%_libstore_la_SOURCES = \
	%D%/check.c %D%/check.h %D%/repair.c \
	%D%/content.c %D%/content.h \
	%D%/finding.c %D%/finding.h \
	%D%/gc.c %D%/gc.h \
	%D%/image.c %D%/image.h \
	%D%/import.c %D%/import.h %D%/import-tar.c %D%/import-tar.h \
	%D%/lease.c %D%/lease.h \
	%D%/load.c %D%/load.h %D%/load-docker.c \
	%D%/mark.c %D%/mark.h \
	%D%/prune.c %D%/prune.h \
	%D%/rootfs.c %D%/rootfs.h \
	%D%/save.c %D%/save.h %D%/save-docker.c \
	%D%/source.c %D%/source.h %D%/spool.c %D%/spool.h \
	%D%/store.c %D%/store.h \
	%D%/tags.c %D%/tags.h \
	%D%/trash.c %D%/trash.h \
	%D%/usage.c %D%/usage.h \
	%D%/verify.c %D%/verify.h %D%/verify-blob.c %D%/verify-rootfs.c
%C%_libstore_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
store_LIBS = %D%/libstore.la %D%/libcontainer.la $(inflate_LIBS) $(ext4_LIBS) $(oci_LIBS)
