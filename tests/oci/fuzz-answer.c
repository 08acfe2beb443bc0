/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields and error bodies of a registry's answers. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "oci/registry-retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_FREE char *text = strndup((const char *)p, n);
	AUTO_FREE char *next = oci_link_next(text);
	uint64_t first, last, total;
	char words[64];

	assert(oci_retry_after_ms(text, 1700000000) >= -1);
	assert(!next || (next[0] == '/' && next[1] != '/'));
	if (oci_content_range(text, &first, &last, &total) == 0)
		assert(first <= last && (!total || last < total));
	uint64_t have;

	if (oci_upload_range(text, &have) == 0)
		assert(have != 1);
	oci_reg_error_text((const char *)p, n, words, sizeof words);
	assert(strlen(words) < sizeof words);
	return 0;
}
