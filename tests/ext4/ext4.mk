# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
ext4_tests = %D%/t-layers %D%/t-writer %D%/t-errors %D%/t-random %D%/t-mount %D%/t-reader %D%/t-reader-journal %D%/t-check %D%/t-reader-deep
check_PROGRAMS += $(ext4_tests)
TESTS += $(ext4_tests)
%C%_t_layers_SOURCES = %D%/t-layers.c %D%/image.c %D%/image.h
%C%_t_layers_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_writer_SOURCES = %D%/t-writer.c %D%/image.c %D%/image.h
%C%_t_writer_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_errors_SOURCES = %D%/t-errors.c %D%/image.c %D%/image.h
%C%_t_errors_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_errors_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign
%C%_t_random_SOURCES = %D%/t-random.c %D%/image.c %D%/image.h
%C%_t_random_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_mount_SOURCES = %D%/t-mount.c %D%/image.c %D%/image.h
%C%_t_mount_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_reader_journal_SOURCES = %D%/t-reader-journal.c %D%/image.c %D%/image.h
%C%_t_reader_journal_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_check_SOURCES = %D%/t-check.c %D%/image.c %D%/image.h
%C%_t_check_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_reader_deep_SOURCES = %D%/t-reader-deep.c %D%/image.c %D%/image.h
%C%_t_reader_deep_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
%C%_t_reader_SOURCES = %D%/t-reader.c %D%/image.c %D%/image.h
%C%_t_reader_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
endif

fuzz_targets += %D%/fuzz-ext4
%C%_fuzz_ext4_SOURCES = %D%/fuzz-ext4.c $(fuzz_main)
%C%_fuzz_ext4_LDADD = $(ext4_LIBS)
%C%_fuzz_ext4_LDFLAGS = $(fuzz_ldflags)
# Layers to ext4, which needs libarchive: the one test here that stands on two layers.
fuzz_targets += %D%/fuzz-stack
%C%_fuzz_stack_SOURCES = %D%/fuzz-stack.c $(fuzz_main)
%C%_fuzz_stack_LDADD = $(layer_LIBS) $(ext4_LIBS)
%C%_fuzz_stack_LDFLAGS = $(fuzz_ldflags)
# The kernel's side of tests/system/ext4-kernel.sh, and ours.
EXTRA_PROGRAMS += %D%/torture %D%/manifest
system_programs += %D%/torture %D%/manifest
check_DATA += %D%/torture %D%/manifest
CLEANFILES += %D%/torture$(EXEEXT) %D%/manifest$(EXEEXT)
%C%_torture_SOURCES = %D%/torture.c %D%/manifest.h
%C%_torture_CFLAGS = $(GUEST_CFLAGS)
%C%_torture_LDFLAGS = -all-static
%C%_manifest_SOURCES = %D%/manifest.c %D%/manifest.h
%C%_manifest_LDADD = $(ext4_LIBS)
