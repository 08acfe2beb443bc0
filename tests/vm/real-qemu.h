/* SPDX-License-Identifier: Apache-2.0 */
/* real-qemu.h - the real QEMU behind the fake one, whose QMP passes through us.
 *
 * The confinement lets this program execute itself alone: the real QEMU is therefore appended to it, from
 * byte FAKE_REAL_AT on, and runs from a memfd. SIGUSR1: the host's disk is full from now on, QEMU stops with
 * "io-error", again after each "cont"; SIGUSR2: there is space. */
#ifndef BERTH_TESTS_VM_REAL_QEMU_H
#define BERTH_TESTS_VM_REAL_QEMU_H

/* Runs it with this command line, under TCG; qmp is our end of the QMP connection. The exit code. */
int real_qemu(int argc, char **argv, int qmp);

#endif
