# SPDX-License-Identifier: Apache-2.0
# Images with all that may be, and random ones: what comes of them.
system_tests += $(srcdir)/%D%/edge.sh $(srcdir)/%D%/random.sh $(srcdir)/%D%/alloc.sh
EXTRA_DIST += %D%/edge.sh %D%/random.sh %D%/alloc.sh tests/lib/random_stack.py tests/lib/raw_tar.py tests/lib/edge_image.py tests/lib/tree_mount.py

check_PROGRAMS += %D%/job-tool
%C%_job_tool_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
%C%_job_tool_LDADD = $(engjob_LIBS)

if HAVE_CMOCKA
unpack_tests = %D%/t-confine %D%/t-rootfs %D%/t-merged %D%/t-rootfs-output
check_PROGRAMS += $(unpack_tests)
TESTS += $(unpack_tests)
%C%_t_confine_SOURCES = %D%/t-confine.c src/job/unpack-confine.c src/job/unpack-warm.c
%C%_t_confine_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
%C%_t_confine_LDADD = $(oci_LIBS) $(SECCOMP_LIBS) $(CMOCKA_LIBS)
%C%_t_rootfs_output_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
%C%_t_rootfs_output_LDADD = $(rootfs_LIBS) $(CMOCKA_LIBS)
%C%_t_rootfs_SOURCES = %D%/t-rootfs.c $(test_layout) $(test_tar)
%C%_t_rootfs_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
%C%_t_rootfs_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
%C%_t_merged_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
%C%_t_merged_LDADD = $(rootfs_LIBS) $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_rootfs_LDADD = $(rootfs_LIBS) $(ISAL_LIBS) $(ZSTD_LIBS) $(CMOCKA_LIBS)
endif
system_tests += $(srcdir)/%D%/pull.sh $(srcdir)/%D%/faults.sh $(srcdir)/%D%/tree.sh $(srcdir)/%D%/jobs.sh $(srcdir)/%D%/many.sh $(srcdir)/%D%/login.sh $(srcdir)/%D%/push.sh $(srcdir)/%D%/ask.sh $(srcdir)/%D%/reach.sh $(srcdir)/%D%/artifacts.sh
EXTRA_DIST += %D%/lib.sh %D%/pull.sh %D%/faults.sh %D%/tree.sh %D%/jobs.sh %D%/many.sh %D%/login.sh %D%/push.sh %D%/ask.sh %D%/reach.sh %D%/artifacts.sh
EXTRA_DIST += tests/lib/registry.sh tests/lib/oci_image.py tests/lib/oci_artifact.py tests/lib/tree_image.py tests/lib/tree_check.py tests/lib/faulty_registry.py tests/lib/proxy.py tests/lib/token_server.py
