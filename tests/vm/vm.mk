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
system_programs += %D%/fake-qemu
check_DATA += %D%/guest.cpio
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
%C%_fake_qemu_SOURCES = %D%/fake-qemu.c %D%/real-qemu.c %D%/real-qemu.h %D%/driver.c %D%/driver.h
%C%_fake_qemu_CPPFLAGS = $(vm_test_cppflags)
%C%_fake_qemu_CFLAGS = $(vm_test_cflags)
%C%_fake_qemu_LDADD = $(vm_LIBS)
%C%_t_boot_CFLAGS = $(vm_test_cflags)
%C%_t_boot_LDADD = $(vm_LIBS) $(CMOCKA_LIBS) -lpthread
endif

fuzz_targets += %D%/fuzz-vsock %D%/fuzz-vhost %D%/fuzz-qmp %D%/fuzz-vmfiles
%C%_fuzz_vsock_SOURCES = %D%/fuzz-vsock.c %D%/driver.c %D%/driver.h $(fuzz_main)
%C%_fuzz_vsock_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%
%C%_fuzz_vsock_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
%C%_fuzz_vsock_LDADD = $(vm_LIBS)
%C%_fuzz_vsock_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_vhost_SOURCES = %D%/fuzz-vhost.c $(fuzz_main)
%C%_fuzz_vhost_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
%C%_fuzz_vhost_LDADD = $(vm_LIBS)
%C%_fuzz_vhost_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_qmp_SOURCES = %D%/fuzz-qmp.c $(fuzz_main)
%C%_fuzz_qmp_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
%C%_fuzz_qmp_LDADD = $(vm_LIBS)
%C%_fuzz_qmp_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_vmfiles_SOURCES = %D%/fuzz-vmfiles.c $(fuzz_main)
%C%_fuzz_vmfiles_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
%C%_fuzz_vmfiles_LDADD = $(vm_LIBS)
%C%_fuzz_vmfiles_LDFLAGS = $(fuzz_ldflags)
