/* SPDX-License-Identifier: Apache-2.0 */
/* gen-keys.c - prints the table of keys for berth-tui(7); run by the build. */
#include <stdio.h>

#include "base/buf.h"
#include "tui/keys.h"

int main(void)
{
	struct buf out = { 0 };

	if (keys_print_man(&out) < 0 || fwrite(out.p, 1, out.len, stdout) != out.len)
		return 1;
	buf_finish(&out);
	return fflush(stdout) != 0;
}
