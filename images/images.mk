# SPDX-License-Identifier: Apache-2.0
# The embedded image localhost/busybox, an OCI image layout made from the build machine's static busybox.
busyboximagedir = $(datadir)/berth/images/busybox
EXTRA_DIST += %D%/busybox/make-image.sh
noinst_DATA += %D%/busybox/index.json

%D%/busybox/index.json: %D%/busybox/make-image.sh
	$(AM_V_GEN)$(MKDIR_P) %D% && $(srcdir)/%D%/busybox/make-image.sh %D%/busybox.new && \
	$(MKDIR_P) %D%/busybox && rm -rf %D%/busybox/blobs && mv %D%/busybox.new/* %D%/busybox && \
	rmdir %D%/busybox.new

install-data-local: install-images
install-images: %D%/busybox/index.json
	$(MKDIR_P) "$(DESTDIR)$(busyboximagedir)/blobs/sha256"
	$(INSTALL_DATA) %D%/busybox/oci-layout %D%/busybox/index.json "$(DESTDIR)$(busyboximagedir)"
	$(INSTALL_DATA) %D%/busybox/blobs/sha256/* "$(DESTDIR)$(busyboximagedir)/blobs/sha256"
uninstall-local: uninstall-images
uninstall-images:
	rm -rf "$(DESTDIR)$(busyboximagedir)"
clean-local: clean-images
clean-images:
	rm -rf %D%/busybox/blobs %D%/busybox/index.json %D%/busybox/oci-layout
.PHONY: install-images uninstall-images clean-images
