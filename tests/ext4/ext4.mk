# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
ext4_tests = %D%/t-layers
check_PROGRAMS += $(ext4_tests)
TESTS += $(ext4_tests)
%C%_t_layers_SOURCES = %D%/t-layers.c %D%/image.c %D%/image.h
%C%_t_layers_LDADD = $(ext4_LIBS) $(CMOCKA_LIBS)
endif
