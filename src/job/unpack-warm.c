/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-warm.c - first uses. */
#include "job/unpack-warm.h"

#include <iconv.h>
#include <langinfo.h>

void unpack_warm(void)
{
	iconv_t cd = iconv_open(nl_langinfo(CODESET), "UTF-8");

	if (cd != (iconv_t)-1)
		iconv_close(cd);
}
