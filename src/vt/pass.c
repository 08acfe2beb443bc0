/* SPDX-License-Identifier: Apache-2.0 */
/* pass.c - what viewers get of the guest's output.
 *
 * Bytes go on in runs that point into the input. While a sequence is not complete its bytes are held, so
 * that it can be cut as a whole; one that was broken off is cut too, for what is left of it must not join
 * with what follows. Controls in the middle of a sequence take effect at once, and so they pass at once. */
#include "vt/vt-priv.h"

void vt_pass_bytes(struct vt *vt, const void *p, size_t n)
{
	if (n > 0 && vt->cb.pass && !vt->quiet)
		vt->cb.pass(vt->arg, p, n);
}

static void flush(struct vt *vt, const uint8_t *end)
{
	if (end > vt->mark)
		vt_pass_bytes(vt, vt->mark, end - vt->mark);
	vt->mark = end;
}

static void hold(struct vt *vt, const uint8_t *end)
{
	size_t n = MIN((size_t)(end - vt->seq), sizeof(vt->hold) - vt->held);

	flush(vt, vt->seq);
	memcpy(vt->hold + vt->held, vt->seq, n); /* a sequence over SEQ_MAX is cut in the end */
	vt->held += n;
}

void vt_pass_begin(struct vt *vt, const uint8_t *p)
{
	vt->seq = p;
	vt->held = 0;
	vt->verdict = PASS;
}

void vt_pass_control(struct vt *vt, const uint8_t *p, bool ok)
{
	hold(vt, p);
	if (ok)
		vt_pass_bytes(vt, p, 1);
	vt->mark = vt->seq = p + 1;
}

void vt_pass_ok(struct vt *vt)
{
	vt_pass_bytes(vt, vt->hold, vt->held); /* then vt->mark is where the rest of it begins */
	vt->held = 0;
	vt->seq = NULL;
}

void vt_pass_cut(struct vt *vt, const uint8_t *after)
{
	if (vt->seq)
		flush(vt, vt->seq);
	vt->held = 0;
	vt->seq = NULL;
	vt->mark = after;
}

void vt_pass_end(struct vt *vt, const uint8_t *end)
{
	if (vt->seq)
		hold(vt, end);
	else
		flush(vt, end);
}

void vt_pass_instead(struct vt *vt, const void *p, size_t n)
{
	if (vt->seq)
		flush(vt, vt->seq);
	vt_pass_bytes(vt, p, n);
	vt->verdict = CUT;
}
