/* SPDX-License-Identifier: Apache-2.0 */
/* scenes-lists.c - the designed screens of lists and forms: the store that shows what was drawn. */
#include "tests/tui/golden.h"

/* ---- a: nothing yet ----------------------------------------------------------------------------------------- */

static void nothing(struct fake *f)
{
	f->empty = true;
	f->info = "{\"qemu\":\"8.2\",\"kernel\":\"6.6.32\",\"guest_init\":true,\"disk_free_bytes\":44238812774}";
}

const struct scene scenes_lists[] = {
	{ "a", 24, 80, nothing, NULL, NULL },
	{ 0 },
};
