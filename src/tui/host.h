/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - the view of this host, between its parts. */
#ifndef BERTH_TUI_HOST_H
#define BERTH_TUI_HOST_H

#include "base/json.h"
#include "tui/rows.h"
#include "tui/views.h"

#define HOST_FACTS 24
#define HOST_KERNELS 8

enum fact_state { FACT_ASKED, FACT_OK, FACT_NOTE, FACT_BUSY, FACT_POOR, FACT_BAD };

/* A row: what it is about, how it stands, what is known, and what to do where that is not well. */
struct host_fact {
	const char *name;
	enum fact_state state;
	char word[12]; /* of the state: "ok", "MISSING" */
	char what[400];
	const char *how; /* lines; NULL: nothing is to be done */
};

struct host_kernel {
	char name[64], version[64], path[160];
	bool used; /* by containers that name none */
};

struct host {
	struct view v;
	struct rows rows;
	struct host_fact fact[HOST_FACTS];
	size_t nfacts;
	cJSON *probe, *info; /* NULL: not known yet */
	struct host_kernel kernel[HOST_KERNELS];
	size_t nkernels;
	/* The quick check of the store. */
	bool checked;
	char check_error[160]; /* why it could not be made; "" */
	size_t wrong;
	char finding[200];     /* the first one */
	uint64_t leftovers, leftover_bytes;
	struct host_link *link;
};

/* Makes h->fact anew, of all that is known now (host-facts.c). */
void host_facts(struct host *h);

/* Of a kvm that cannot be used, by the reason that the probe gives: "MISSING", or "FAILS" where it is there. */
const char *host_kvm_word(const char *reason);

#endif
