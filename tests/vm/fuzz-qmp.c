/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-qmp.c - what QEMU may say, by lines. */
#include <assert.h>
#include <string.h>

#include "vm/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	while (n) {
		const uint8_t *nl = memchr(p, '\n', n);
		size_t len = nl ? (size_t)(nl - p) : n;
		struct qmp_msg m;

		if (qmp_msg_parse((const char *)p, len, &m, NULL) == 0) {
			assert(m.json && m.id >= -9007199254740992);
			if (m.name)
				assert(strlen(m.name) <= len);
			qmp_msg_finish(&m);
		}
		p += len + (nl ? 1 : 0);
		n -= len + (nl ? 1 : 0);
	}
	return 0;
}
