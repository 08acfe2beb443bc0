# SPDX-License-Identifier: Apache-2.0
# The client's side of jobs, for the engine and for tests.
noinst_LTLIBRARIES += %D%/libengjob.la
%C%_libengjob_la_SOURCES = %D%/job.c %D%/job.h
%C%_libengjob_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
engjob_LIBS = %D%/libengjob.la $(jobproto_LIBS)

# The engine as our own programs link it; libberth.so is made of the same objects.
noinst_LTLIBRARIES += %D%/libengine.la
%C%_libengine_la_SOURCES = \
	include/berth/berth.h \
	%D%/answer.c %D%/call.c %D%/engine.c %D%/engine.h \
	%D%/archive.c %D%/ask.c %D%/login.c %D%/reach.c %D%/tag.c \
	%D%/create.c %D%/create.h %D%/create-spec.c \
	%D%/events.c %D%/findings.h %D%/image.c %D%/image-look.c %D%/kernel.c %D%/kernel-build.c %D%/list.c %D%/logs.c %D%/pool.c %D%/pool.h %D%/progress.c %D%/pull.c %D%/remove.c %D%/rename.c %D%/rootfs.c \
	%D%/session.c %D%/shim.h %D%/start.c %D%/stats.c %D%/system.c %D%/tar-out.c %D%/tar-out.h %D%/top.c %D%/trash.c %D%/update.c %D%/upkeep.c %D%/watch-store.c
%C%_libengine_la_CFLAGS = $(AM_CFLAGS) -DBERTH_DATADIR='"$(datadir)/berth"' $(UV_CFLAGS) $(CJSON_CFLAGS) \
	$(CRYPTO_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS)
%C%_libengine_la_SOURCES += %D%/copy.c %D%/copy-plan.c %D%/copy-plan.h %D%/copy-files.h %D%/copy-agent.c %D%/copy-disk.c %D%/copy-held.c %D%/copy-held.h \
	%D%/copy-host.c %D%/copy-host.h %D%/copy-pipe.c %D%/copy-pipe.h src/job/links.c src/job/links.h
%C%_libengine_la_SOURCES += %D%/logs-read.c %D%/logs-read.h
%C%_libengine_la_SOURCES += %D%/rootfs-read.c %D%/rootfs-run.c %D%/rootfs-run.h %D%/rootfs-scripts.c %D%/rootfs-scripts.h %D%/own-job.c %D%/own-job.h %D%/disks.c %D%/disks.h %D%/diff.c %D%/commit.c
engine_LIBS = %D%/libengine.la %D%/libengjob.la $(rootfs_LIBS) $(pack_LIBS) $(jobproto_LIBS) $(unpack_LIBS) $(store_LIBS) \
	$(ext4_LIBS) $(vm_LIBS) $(rpc_LIBS) $(proto_LIBS) $(oci_LIBS) $(base_LIBS)

# The shared library. Change its -version-info with include/berth/berth.h, as libtool's manual says.
lib_LTLIBRARIES += libberth.la
libberth_la_SOURCES = include/berth/berth.h
# Whole archives are linked in, so each may be named once only.
libberth_la_LIBADD = $(sort $(engine_LIBS))
libberth_la_DEPENDENCIES = $(filter %.la,$(sort $(engine_LIBS))) %D%/libberth.sym
libberth_la_LDFLAGS = -no-undefined -version-info 0:0:0 -Wl,--version-script=$(srcdir)/%D%/libberth.sym
berthincludedir = $(includedir)/berth
berthinclude_HEADERS = include/berth/berth.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = libberth.pc
EXTRA_DIST += %D%/libberth.sym
exampledir = $(docdir)/examples
dist_example_DATA = examples/list.c examples/pull.c examples/run.c
