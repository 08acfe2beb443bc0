/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal sends. However it is cut into pieces, the events are the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "tui/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void note(void *arg, const struct input_event *ev)
{
	struct buf *b = arg;

	assert(ev->n <= INPUT_PASTE_PIECE && (!ev->n || ev->text));
	assert(buf_addf(b, "%d %u %u %d %d %d %d:", ev->type, ev->key, ev->mods, ev->first, ev->last, ev->in, (int)ev->n) == 0);
	if (ev->type == INPUT_MOUSE)
		assert(buf_addf(b, "%u %u:", ev->mouse.row, ev->mouse.col) == 0);
	if (ev->n)
		assert(buf_add(b, ev->text, ev->n) == 0);
	assert(buf_addc(b, '\n') == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_BUF struct buf whole = { 0 };
	AUTO_BUF struct buf bytes = { 0 };
	struct input in;

	input_init(&in, note, &whole);
	input_feed(&in, p, n);
	input_flush(&in);
	assert(!input_pending(&in));
	input_init(&in, note, &bytes);
	for (size_t i = 0; i < n; i++)
		input_feed(&in, p + i, 1);
	input_flush(&in);
	assert(whole.len == bytes.len && (!whole.len || memcmp(whole.p, bytes.p, whole.len) == 0));
	return 0;
}
