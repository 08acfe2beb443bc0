# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += %D%/libext4.la
%C%_libext4_la_SOURCES = \
	%D%/opts.c %D%/writer.c %D%/writer.h %D%/writer-int.h \
	%D%/mkfs.c %D%/mkfs.h \
	%D%/sink.c %D%/sink.h \
	%D%/tree.c %D%/tree.h \
	%D%/tree-names.c %D%/tree-names.h \
	%D%/xattr.c %D%/xattr.h \
	%D%/acl.c %D%/acl.h \
	%D%/alloc.c %D%/alloc.h \
	%D%/place.c %D%/extent.c %D%/dir.c %D%/dx.c %D%/inode.c %D%/super.c \
	%D%/out.c %D%/out.h %D%/io.c %D%/io.h \
	%D%/csum.c %D%/csum.h %D%/dirhash.c %D%/dirhash.h %D%/sip.c %D%/sip.h \
	%D%/reader.c %D%/reader.h %D%/reader-int.h \
	%D%/read-block.c %D%/read-journal.c %D%/read-map.c %D%/read-data.c \
	%D%/read-xattr.c %D%/read-dir.c %D%/read-walk.c %D%/read-seen.c \
	%D%/merge.c %D%/merge.h \
	%D%/check.c %D%/check.h %D%/check-int.h \
	%D%/check-inode.c %D%/check-dir.c %D%/check-index.c %D%/check-bitmap.c \
	%D%/layout.h %D%/vec.h
%C%_libext4_la_CFLAGS = $(AM_CFLAGS) $(ISAL_CFLAGS)
ext4_LIBS = %D%/libext4.la $(base_LIBS) $(ISAL_LIBS)
