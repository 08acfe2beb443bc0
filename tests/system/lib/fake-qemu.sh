# SPDX-License-Identifier: Apache-2.0
# A QEMU that plays FAKE_PLAN (tests/vm/fake-qemu.c), found first in PATH, and a /dev/kvm that opens. The real
# QEMU is appended to it: the confinement lets it execute nothing else. After lib/vm.sh.
[ -x "$builddir/tests/vm/fake-qemu" ] || skip_all "no tests/vm/fake-qemu built: make check-programs"
mkdir "$T/bin" "$T/accel"
cat "$builddir/tests/vm/fake-qemu" "$(command -v qemu-system-x86_64)" >"$T/bin/qemu-system-x86_64"
chmod 755 "$T/bin/qemu-system-x86_64"
chmod 711 "$T" # QEMU runs as a user of its own
FAKE_REAL_AT=$(stat -Lc %s "$builddir/tests/vm/fake-qemu")
touch "$T/kvm"
export PATH=$T/bin:$PATH FAKE_REAL_AT BERTH_ACCEL_DIR=$T/accel BERTH_KVM_DEVICE=$T/kvm
unset BERTH_ACCEL
# test_state CTR STATE
test_state() { [ "$(state "$1")" = "$2" ]; }
