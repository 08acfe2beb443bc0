/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-warm.c - first uses. */
#include "job/unpack-warm.h"

#include <iconv.h>
#include <langinfo.h>

#include "oci/digest.h"

int unpack_warm(struct err *e)
{
	iconv_t cd = iconv_open(nl_langinfo(CODESET), "UTF-8");
	struct oci_digest d;

	if (cd != (iconv_t)-1)
		iconv_close(cd);
	for (enum oci_alg alg = 0; alg < OCI_NALGS; alg++) {
		int rc = oci_digest_of(alg, "", 0, &d);
		if (rc < 0)
			return err_sys(e, rc, "cannot compute digests");
	}
	return 0;
}
