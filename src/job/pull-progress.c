/* SPDX-License-Identifier: Apache-2.0 */
/* pull-progress.c - what the clients of a pull are told. */
#include "job/pull-inside.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/clock.h"

static void tell(struct pull *p, const char *event, const char *fmt, va_list ap)
{
	char text[500];
	struct err clean;

	vsnprintf(text, sizeof text, fmt, ap);
	err_set(&clean, -EAGAIN, "%s", text); /* makes it fit to be shown */
	p->calls.event(p->calls.arg, job_event_text(event, clean.text), false);
}

void pull_stage(struct pull *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(p, "stage", fmt, ap);
	va_end(ap);
}

void pull_warn(struct pull *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(p, "warning", fmt, ap);
	va_end(ap);
}

/* State and bytes of layer i. */
static const char *layer_state(const struct pull *p, size_t i, uint64_t *ret_bytes)
{
	const struct pull_blob *b = p->layers[i].blob;
	bool unpacking = p->unpack_started && !p->unpack_done;

	*ret_bytes = 0;
	switch (b->state) {
	case BLOB_COMING:
	case BLOB_WRITING:
		*ret_bytes = b->in.have;
		return "download";
	case BLOB_HERE:
		if (unpacking && i == p->at.layer)
			*ret_bytes = p->at.layer_in;
		else
			*ret_bytes = b->desc.size;
		if (unpacking && i >= p->at.layer)
			return i == p->at.layer ? "unpack" : b->shared ? "shared" : "unpack";
		return b->shared ? "shared" : "done";
	default:
		return "waiting";
	}
}

static void measure(struct pull *p)
{
	int64_t now = clock_mono_ns(), span = now - p->last_ns;
	double rate;

	if (p->last_ns && span < 80000000)
		return;
	if (p->last_ns) {
		rate = (double)(p->fetched - p->last_fetched) * 1e9 / (double)span;
		p->rate = p->rate > 0 ? 0.8 * p->rate + 0.2 * rate : rate;
	}
	p->last_ns = now;
	p->last_fetched = p->fetched;
}

void pull_tell_progress(struct pull *p, bool droppable)
{
	AUTO_JSON cJSON *ev = job_event("progress");
	cJSON *layers = ev ? cJSON_AddArrayToObject(ev, "layers") : NULL;
	uint64_t have = 0, total = 0, left = 0;

	if (!layers)
		return;
	measure(p);
	for (size_t i = 0; i < p->manifest.nlayers; i++) {
		cJSON *l = cJSON_CreateObject();
		uint64_t bytes;
		const char *state = layer_state(p, i, &bytes);

		if (!l || !cJSON_AddItemToArray(layers, l))
			return;
		cJSON_AddStringToObject(l, "digest", p->manifest.layers[i].digest.text);
		cJSON_AddNumberToObject(l, "size", (double)p->manifest.layers[i].size);
		cJSON_AddStringToObject(l, "state", state);
		cJSON_AddNumberToObject(l, "bytes", (double)bytes);
	}
	for (size_t i = 0; i < p->nblobs; i++) {
		const struct pull_blob *b = &p->blobs[i];
		uint64_t got = b->state == BLOB_HERE ? b->desc.size : b->in_open ? b->in.have : 0;

		total += b->desc.size;
		have += MIN(got, b->desc.size);
	}
	left = total - have;
	cJSON_AddNumberToObject(ev, "bytes", (double)have);
	cJSON_AddNumberToObject(ev, "total", (double)total);
	cJSON_AddNumberToObject(ev, "rate", (double)(uint64_t)p->rate);
	if (left && p->rate >= 1)
		cJSON_AddNumberToObject(ev, "eta", (double)(uint64_t)((double)left / p->rate + 0.5));
	else
		cJSON_AddNullToObject(ev, "eta");
	p->calls.event(p->calls.arg, TAKE(ev), droppable);
}
