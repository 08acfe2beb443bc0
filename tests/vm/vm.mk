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

if HAVE_CMOCKA
vm_test_cppflags = $(AM_CPPFLAGS) -I$(srcdir)/%D%
vm_test_cflags = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CMOCKA_CFLAGS)
vm_tests = %D%/t-virtqueue %D%/t-vsock %D%/t-argv %D%/t-parts %D%/t-life %D%/t-boot
check_PROGRAMS += $(vm_tests) %D%/fake-qemu
check_DATA = %D%/guest.cpio
TESTS += $(vm_tests)
%C%_t_virtqueue_SOURCES = %D%/t-virtqueue.c %D%/driver.c %D%/driver.h
%C%_t_virtqueue_CPPFLAGS = $(vm_test_cppflags)
%C%_t_virtqueue_CFLAGS = $(vm_test_cflags)
%C%_t_virtqueue_LDADD = $(vm_LIBS) $(CMOCKA_LIBS)
%C%_t_vsock_SOURCES = %D%/t-vsock.c %D%/driver.c %D%/driver.h
%C%_t_vsock_CPPFLAGS = $(vm_test_cppflags)
%C%_t_vsock_CFLAGS = $(vm_test_cflags)
%C%_t_vsock_LDADD = $(vm_LIBS) $(CMOCKA_LIBS)
%C%_t_argv_CFLAGS = $(vm_test_cflags)
%C%_t_argv_LDADD = $(vm_LIBS) $(CMOCKA_LIBS)
%C%_t_parts_CFLAGS = $(vm_test_cflags)
%C%_t_parts_LDADD = $(vm_LIBS) $(CMOCKA_LIBS)
%C%_t_life_CFLAGS = $(vm_test_cflags)
%C%_t_life_LDADD = $(vm_LIBS) $(CMOCKA_LIBS)
%C%_fake_qemu_SOURCES = %D%/fake-qemu.c %D%/driver.c %D%/driver.h
%C%_fake_qemu_CPPFLAGS = $(vm_test_cppflags)
%C%_fake_qemu_CFLAGS = $(vm_test_cflags)
%C%_fake_qemu_LDADD = $(vm_LIBS)
%C%_t_boot_CFLAGS = $(vm_test_cflags)
%C%_t_boot_LDADD = $(vm_LIBS) $(CMOCKA_LIBS) -lpthread
endif
