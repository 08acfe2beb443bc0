/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-vmfiles.c - the small parsers of vm/: a kernel's headers, the memory of verdicts, a way-in line. The
 * first byte chooses. */
#include <assert.h>
#include <stdlib.h>

#include "vm/accel.h"
#include "vm/kernel.h"
#include "vm/way-in.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct accel_memory m;
	uint32_t port;
	int used;

	if (n == 0)
		return 0;
	switch (p[0] % 3) {
	case 0:
		vm_kernel_check(p + 1, n - 1, NULL);
		break;
	case 1:
		accel_parse((const char *)p + 1, n - 1, "boot", &m);
		assert(m.nrec <= ACCEL_RECORDS_MAX);
		accel_recall(&m, "k", 5);
		accel_enter(&m, "k", ACCEL_TIMED_OUT, 5);
		free(accel_print(&m));
		break;
	case 2:
		used = way_in_parse((const char *)p + 1, n - 1, &port);
		assert(used <= (int)n - 1);
		break;
	}
	return 0;
}
