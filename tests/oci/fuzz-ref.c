/* SPDX-License-Identifier: Apache-2.0 */
/* A reference that was taken prints as text that is taken and prints as the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "oci/desc.h"
#include "oci/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct oci_ref a AUTO(oci_ref_finish) = { 0 }, b AUTO(oci_ref_finish) = { 0 };
	AUTO_FREE char *text = strndup((const char *)p, n);
	struct oci_platform platform;

	oci_platform_parse(text, &platform, NULL);
	if (oci_ref_parse(text, &a, NULL) < 0)
		return 0;
	AUTO_FREE char *full = oci_ref_str(&a);
	AUTO_FREE char *familiar = oci_ref_familiar(&a);
	assert(oci_ref_parse(familiar, &b, NULL) == 0);
	AUTO_FREE char *again = oci_ref_str(&b);
	assert(strcmp(full, again) == 0);
	return 0;
}
