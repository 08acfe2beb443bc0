/* SPDX-License-Identifier: Apache-2.0 */
/* scenes-views.c - the designed screens of what is no list. */
#include "tests/tui/golden.h"

const struct scene scenes_views[] = {
	{ 0 },
};
