# SPDX-License-Identifier: Apache-2.0
# A guest for tests of the machine: one static program in an initramfs.
EXTRA_PROGRAMS += %D%/guest-init
%C%_guest_init_SOURCES = %D%/guest-init.c
%C%_guest_init_CFLAGS = $(GUEST_CFLAGS)
%C%_guest_init_LDFLAGS = -all-static

%D%/guest.cpio: %D%/guest-init$(EXEEXT)
	$(AM_V_GEN)rm -rf $@.d && $(MKDIR_P) $@.d && cp %D%/guest-init$(EXEEXT) $@.d/init && \
		(cd $@.d && echo init | $(CPIO) --quiet -o -H newc -R 0:0) >$@.tmp && rm -rf $@.d && mv $@.tmp $@
CLEANFILES += %D%/guest.cpio %D%/guest-init$(EXEEXT)
