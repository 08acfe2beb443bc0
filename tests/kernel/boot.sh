#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The guest kernel boots on QEMU's microvm under emulation, with the parameters of patches 1 and 2, runs
# /init of an initramfs, and ends when PID 1 asks for it; its features are there.
. "$(dirname "$0")/../lib/tap.sh"

vmlinux=$builddir/kernel/vmlinux
[ -e "$vmlinux" ] || skip_all "no kernel built: make kernel"
need qemu-system-x86_64 cpio busybox

# The initramfs: a static busybox as shell, and /init. `busybox reboot -f` is RB_AUTOBOOT.
mkdir -p "$T/root/bin" "$T/root/proc" "$T/root/sys" "$T/root/dev" "$T/root/mnt"
cp /bin/busybox "$T/root/bin/busybox"
cat >"$T/root/init" <<'EOF'
#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
exec >/dev/hvc0 2>&1
echo "release $(busybox uname -r)"
echo "pid $$"
echo "clocksource $(busybox cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
echo "pid_max $(busybox cat /proc/sys/kernel/pid_max)"
busybox mount -t cgroup2 none /mnt && echo "controllers $(busybox cat /mnt/cgroup.controllers)"
for fs in ext4 overlay virtiofs 9p tmpfs fuse; do
	busybox grep -qw $fs /proc/filesystems && echo "fs $fs"
done
echo "namespaces $(busybox ls /proc/self/ns | busybox tr '\n' ' ')"
[ -e /dev/vsock ] && echo "vsock yes"
echo "complaints $(busybox dmesg | busybox grep -ciE 'calibration failed|timer disabled|unable to|oops')"
busybox reboot -f
EOF
chmod +x "$T/root/init"
(cd "$T/root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$T/init.cpio"

# The TSC's rate, if it is one that a guest may rely on.
khz=
if grep -qw constant_tsc /proc/cpuinfo && grep -qw nonstop_tsc /proc/cpuinfo; then
	khz=$(awk -F: '/^cpu MHz/ { printf "tsc_early_khz=%d", $2 * 1000; exit }' /proc/cpuinfo)
fi
start=$(date +%s%N)
timeout 60 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
	-M microvm,acpi=off,memory-backend=ram -accel tcg -cpu qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+arat \
	-m 256M -smp 1 -object memory-backend-memfd,id=ram,size=256M,share=on \
	-global virtio-mmio.force-legacy=false -kernel "$vmlinux" -initrd "$T/init.cpio" \
	-append "panic=-1 reboot=t quiet 8250.nr_uarts=0 $khz lapic_timer_khz=1000000 no_timer_check tsc=reliable noreplace-smp console=hvc0" \
	-device virtio-serial-device,max_ports=2 -chardev "file,id=con,path=$T/console" \
	-device virtconsole,chardev=con -device virtio-rng-device >"$T/qemu" 2>&1
rc=$?
echo "# ended after $((($(date +%s%N) - start) / 1000000)) ms"
is $rc 0 'QEMU ends by itself when the guest reboots'
sed 's/^/# /' "$T/qemu"
console=$(tr -d '\r' <"$T/console")
version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$builddir/kernel/meta.json")
like "$console" "release $version"$'\n' "uname -r is the version that meta.json names ($version)"
like "$console" 'pid 1'$'\n' '/init is PID 1'
like "$console" 'controllers cpuset cpu io memory hugetlb pids' 'cgroup v2 has its controllers'
for fs in ext4 overlay virtiofs 9p tmpfs fuse; do
	like "$console" "fs $fs"$'\n' "file system $fs"
done
like "$console" 'namespaces cgroup ipc mnt net pid pid_for_children time time_for_children user uts' 'namespaces'
like "$console" 'vsock yes' 'vsock'
like "$console" 'pid_max 32768' 'pid_max is not the small one'
if [ -n "$khz" ]; then
	like "$console" 'clocksource tsc' 'the TSC is the clock'
	like "$console" 'complaints 0' 'no calibration failed'
else
	skip "this host's TSC is no steady clock" 'the TSC is the clock'
	skip "this host's TSC is no steady clock" 'no calibration failed'
fi
[ $tap_failed -eq 0 ] || sed 's/^/# console: /' <<<"$console"
done_testing
