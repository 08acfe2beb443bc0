# SPDX-License-Identifier: Apache-2.0
# The guest kernel: built once into a cache outside the tree (kernel/README.md), a copy here. `make` alone
# does not build it, `make kernel` does; `make install` installs it if it is there.
kernel_patches = \
	%D%/patches/0001-x86-tsc-take-the-rate-from-the-command-line.patch \
	%D%/patches/0002-x86-apic-take-the-timer-clock-from-the-command-line.patch \
	%D%/patches/0003-x86-mm-do-not-poison-freed-init-memory.patch
kernel_scripts = %D%/build.sh %D%/check-config %D%/compile.sh
kernel_inputs = %D%/berth.config $(kernel_scripts) $(kernel_patches)
EXTRA_DIST += $(kernel_inputs) %D%/README.md
CLEANFILES += %D%/vmlinux %D%/meta.json

kernel: %D%/vmlinux
%D%/vmlinux: $(kernel_inputs)
	@$(srcdir)/%D%/build.sh -o %D% >/dev/null

# berth builds the kernel with the same recipe: it is installed, and found beside the programs of a build tree.
all-local: link-kernel-recipe
link-kernel-recipe:
	@$(MKDIR_P) %D%/patches && test '$(srcdir)' -ef . || for f in $(kernel_inputs); do \
		test "$$f" -ef "$(srcdir)/$$f" || ln -sf '$(abs_srcdir)'/"$$f" "$$f"; \
	done
clean-local: clean-kernel-recipe
clean-kernel-recipe:
	test '$(srcdir)' -ef . || rm -f $(kernel_inputs)

kernelrecipedir = $(helperdir)/kernel
kernelpatchdir = $(kernelrecipedir)/patches
dist_kernelrecipe_SCRIPTS = $(kernel_scripts)
dist_kernelrecipe_DATA = %D%/berth.config
dist_kernelpatch_DATA = $(kernel_patches)

install-exec-local: install-kernel
install-kernel:
	@if test -f %D%/vmlinux; then \
		echo " $(INSTALL_DATA) %D%/vmlinux %D%/meta.json '$(DESTDIR)$(helperdir)'"; \
		$(MKDIR_P) "$(DESTDIR)$(helperdir)" && \
		$(INSTALL_DATA) %D%/vmlinux %D%/meta.json "$(DESTDIR)$(helperdir)"; \
	fi
uninstall-local: uninstall-kernel
uninstall-kernel:
	rm -f "$(DESTDIR)$(helperdir)/vmlinux" "$(DESTDIR)$(helperdir)/meta.json"
.PHONY: install-kernel uninstall-kernel link-kernel-recipe clean-kernel-recipe
