/* SPDX-License-Identifier: Apache-2.0 */
/* gen-config.c - the options of the configuration file as mdoc, for berth-config(5). */
#include <stdio.h>

#include "base/conf.h"

int main(void)
{
	AUTO_BUF struct buf out = { 0 };

	if (conf_print_man(&out) < 0)
		return 1;
	fwrite(out.p, 1, out.len, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
