# SPDX-License-Identifier: Apache-2.0
# What the engine and berth-job say to each other, and a job to those who listen.
noinst_LTLIBRARIES += %D%/libjobproto.la
%C%_libjobproto_la_SOURCES = %D%/proto.c %D%/proto.h %D%/folder.c %D%/folder.h %D%/main-clients.c %D%/main-clients.h
%C%_libjobproto_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
jobproto_LIBS = %D%/libjobproto.la $(oci_LIBS)

# What the engine and berth-job use: the parent's side of the unpacker.
noinst_LTLIBRARIES += %D%/libunpack.la
%C%_libunpack_la_SOURCES = \
	%D%/unpack.c %D%/unpack.h \
	%D%/unpack-proto.c %D%/unpack-proto.h
%C%_libunpack_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
unpack_LIBS = %D%/libunpack.la $(oci_LIBS)


# The only program that links libcurl.
helper_PROGRAMS += berth-job
berth_job_SOURCES = \
	%D%/main.c \
	%D%/kind.h \
	%D%/reach.c %D%/reach.h \
	%D%/ask.c %D%/ask-inside.h %D%/ask-referrers.c \
	%D%/kernel.c \
	%D%/push.c %D%/push-source.c %D%/push-subject.c %D%/push-inside.h \
	%D%/pull.c %D%/pull-inside.h \
	%D%/pull-blob.c \
	%D%/pull-progress.c \
	%D%/pull-source.c \
	%D%/pull-unpack.c
berth_job_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CURL_CFLAGS)
# libcurl loads libcrypto anyway.
berth_job_LDADD = $(call linked_in,$(filter-out -lcrypto,$(jobproto_LIBS) $(unpack_LIBS) $(store_LIBS) $(ocireg_LIBS))) $(CRYPTO_LIBS)
berth_job_DEPENDENCIES = $(filter %.la,$(jobproto_LIBS) $(unpack_LIBS) $(store_LIBS) $(ocireg_LIBS))

# Root file systems from sources, into a file or the store.
noinst_LTLIBRARIES += %D%/librootfs.la
%C%_librootfs_la_SOURCES = \
	%D%/rootfs.c %D%/rootfs.h \
	%D%/rootfs-output.c %D%/rootfs-output.h \
	%D%/rootfs-source.c %D%/rootfs-source.h
%C%_librootfs_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
rootfs_LIBS = %D%/librootfs.la %D%/libunpack.la $(store_LIBS)

# The confined worker.
helper_PROGRAMS += berth-unpack
berth_unpack_SOURCES = \
	%D%/unpack-main.c \
	%D%/unpack-confine.c %D%/unpack-confine.h \
	%D%/unpack-dir.c %D%/unpack-dir.h \
	%D%/unpack-merged.c %D%/unpack-merged.h %D%/links.c %D%/links.h %D%/own-files.h \
	%D%/unpack-input.c %D%/unpack-input.h \
	%D%/unpack-out.c %D%/unpack-out.h \
	%D%/unpack-pipe.c %D%/unpack-pipe.h \
	%D%/unpack-ring.c %D%/unpack-ring.h \
	%D%/unpack-warm.c %D%/unpack-warm.h \
	%D%/worker-memory.c %D%/worker-memory.h
berth_unpack_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(SECCOMP_CFLAGS)
berth_unpack_LDADD = $(call linked_in,$(unpack_LIBS) $(layer_LIBS) $(ext4_LIBS) $(SECCOMP_LIBS) -lpthread)
berth_unpack_DEPENDENCIES = $(filter %.la,$(unpack_LIBS) $(layer_LIBS) $(ext4_LIBS) $(SECCOMP_LIBS) -lpthread)

# A tar of file systems: the parent's side, and the confined worker.
noinst_LTLIBRARIES += %D%/libpack.la
%C%_libpack_la_SOURCES = %D%/pack.c %D%/pack.h %D%/pack-int.h
%C%_libpack_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
pack_LIBS = %D%/libpack.la $(oci_LIBS)
helper_PROGRAMS += berth-pack
berth_pack_SOURCES = \
	%D%/pack-main.c %D%/pack-int.h %D%/own-files.h \
	%D%/pack-out.c %D%/pack-out.h \
	%D%/pack-tar.c %D%/pack-tar.h %D%/links.c %D%/links.h \
	%D%/unpack-confine.c %D%/unpack-confine.h \
	%D%/worker-memory.c %D%/worker-memory.h
berth_pack_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(SECCOMP_CFLAGS) $(ARCHIVE_CFLAGS) $(ISAL_CFLAGS)
# The options of libarchive's writer lead to all that it can do, and to the libraries for that: it stays shared.
berth_pack_LDADD = $(call linked_in,$(oci_LIBS) $(ext4_LIBS)) $(ARCHIVE_LIBS) $(call linked_in,$(ISAL_LIBS) $(SECCOMP_LIBS))
berth_pack_DEPENDENCIES = $(filter %.la,$(oci_LIBS) $(ext4_LIBS) $(ARCHIVE_LIBS) $(ISAL_LIBS) $(SECCOMP_LIBS))
